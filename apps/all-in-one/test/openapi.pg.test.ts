import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Fixture } from "./fixture.ts";

type Parameter = { readonly name: string; readonly in: string; readonly required?: boolean; readonly schema: unknown };
type Content = Readonly<Record<string, { readonly schema: unknown }>>;
type Operation = {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
  readonly operationId?: string;
};
type Description = {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

const routes = [
  "POST /api/chat",
  "GET /api/sse",
  "POST /api/messages/{id}/stop",
  "POST /api/messages/{id}/regenerate",
  "POST /api/messages/{id}/continue",
  "PUT /api/messages/{id}/rating",
  "POST /api/messages/{id}/edit",
  "POST /api/attachments",
  "GET /api/attachments/{id}",
  "DELETE /api/attachments/{id}",
  "DELETE /api/messages/{id}",
  "POST /api/sessions/{id}/branch",
  "GET /api/sessions",
  "POST /api/sessions",
  "GET /api/sessions/{id}",
  "PATCH /api/sessions/{id}",
  "DELETE /api/sessions/{id}",
  "GET /api/sessions/{id}/messages",
  "GET /api/folders",
  "POST /api/folders",
  "PATCH /api/folders/{id}",
  "DELETE /api/folders/{id}",
  "GET /api/prompts",
  "POST /api/prompts",
  "PATCH /api/prompts/{id}",
  "DELETE /api/prompts/{id}",
  "GET /api/search",
  "POST /api/sessions/{id}/shares",
  "GET /api/sessions/{id}/shares",
  "GET /api/shares/{id}",
  "DELETE /api/shares/{id}",
  "POST /api/messages/{id}/forget",
  "GET /api/export",
  "GET /api/sessions/{id}/export",
  "POST /api/import",
  "PATCH /api/account",
  "DELETE /api/account",
  "POST /api/account/password",
  "GET /api/account/devices",
  "DELETE /api/account/devices/{id}",
  "GET /api/settings",
  "PUT /api/settings",
  "GET /api/models",
  "GET /api/auth/state",
  "POST /api/auth/sign-up",
  "POST /api/auth/sign-in",
  "POST /api/auth/sign-out",
  "POST /api/auth/guest",
  "GET /health",
  "GET /ready",
];

let fixture: Fixture;
let description: Description;
let operations: { readonly route: string; readonly path: string; readonly operation: Operation }[];

beforeAll(async () => {
  fixture = await Fixture.start();
  const instance = await fixture.instance();
  description = (await instance.browser().call("GET", "/api/openapi.json")).body as Description;
  operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...{ path, operation },
      route: `${method.toUpperCase()} ${path}`,
    })),
  );
});
afterAll(() => fixture.close());

it("openapi.json is OpenAPI 3.1 and names every route", () => {
  expect(description.openapi).toMatch(/^3\.1\.\d+$/);
  expect(description.info.title).not.toBe("");
  expect(description.info.version).not.toBe("");
  const named = operations.map(({ route }) => route);
  expect(routes.filter((route) => !named.includes(route))).toEqual([]);
});

it("every operation has responses with a description, and declares the parameters of its path", () => {
  for (const { route, path, operation } of operations) {
    expect(Object.keys(operation.responses).length, route).toBeGreaterThan(0);
    for (const [status, response] of Object.entries(operation.responses)) {
      expect(status, route).toMatch(/^([1-5]\d\d|[1-5]XX|default)$/);
      expect(typeof response.description, `${route} ${status}`).toBe("string");
    }
    const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
    const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
    expect(
      declared.map(({ name }) => name),
      route,
    ).toEqual(inPath);
    for (const parameter of declared) expect(parameter.required, `${route} ${parameter.name}`).toBe(true);
    const keys = (operation.parameters ?? []).map((parameter) => `${parameter.in} ${parameter.name}`);
    expect(new Set(keys).size, route).toBe(keys.length);
  }
});

it("every schema in it is a JSON schema of draft 2020-12 whose references lead somewhere", () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ ...description, $id: "openapi" });
  for (const { route, operation } of operations) {
    const bodies = [operation.requestBody, ...Object.values(operation.responses)];
    const schemas = [
      ...(operation.parameters ?? []).map(({ schema }) => schema),
      ...bodies.flatMap((body) => Object.values(body?.content ?? {}).map(({ schema }) => schema)),
    ];
    for (const schema of schemas) {
      const rebased = JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"openapi#/components/'));
      expect(() => ajv.compile(rebased), `${route}: ${JSON.stringify(schema)}`).not.toThrow();
    }
  }
});
