export { type WorkflowConfig, withProxyNames, workflowSettings } from "./config.ts";
export { type RunningWorkflow, startWorkflow, sweeperOf, type WorkflowPorts } from "./main.ts";
export { configuredProviders } from "./providers.ts";
