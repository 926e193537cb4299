export { workerAccount } from "./account.ts";
export { CertificateError, type LocalCertificate, localCertificate } from "./certificate.ts";
export { renderNginxConfiguration } from "./configuration.ts";
export {
  type Address,
  type CertificateFiles,
  GatewayOptionError,
  type GatewayOptions,
  gatewayDefaults,
} from "./options.ts";
