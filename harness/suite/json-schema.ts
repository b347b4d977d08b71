import { z } from 'zod';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { WorkloadKind } from '../model/workload.js';
import { suiteSchema } from './schema.js';

type JsonSchema = Record<string, unknown>;

/** What `isEngineModule` takes for a path. */
const MODULE = String.raw`^\.|^/|^[A-Za-z]:[\\/]|\.(js|mjs|cjs|ts|mts)$`;

/**
 * JSON Schema (draft 2020-12) of a suite for editors, published as `suites/suite.schema.json`: the shell, and for
 * each engine its own index and search parameters, every one a value or a list of values that is swept.
 */
export function suiteJsonSchema(
  definitions: readonly EngineDefinition[],
  kinds: readonly WorkloadKind[],
): JsonSchema {
  const shell = z.toJSONSchema(suiteSchema, { target: 'draft-2020-12', io: 'input' }) as JsonSchema;
  const engines = (shell['properties'] as Record<string, JsonSchema>)['engines']!;
  const item = engines['items'] as JsonSchema;
  const use = {
    description: 'Engine (see `vecproof list engines`), or the path of a module that defines one.',
    anyOf: [{ enum: definitions.map(({ name }) => name) }, { type: 'string', pattern: MODULE }],
  };
  const properties = { ...(item['properties'] as JsonSchema), use };
  const workloads = (shell['properties'] as Record<string, JsonSchema>)['workloads']!;
  const names = kinds.map(({ type, description }) => ({ const: type, description }));
  const parity = (shell['properties'] as Record<string, JsonSchema>)['parity']!;
  const { description, ...list } = parity;
  const allOf = definitions.map((definition) => ({
    if: { properties: { use: { const: definition.name } }, required: ['use'] },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword.
    then: { properties: parameters(definition) },
  }));
  return {
    ...shell,
    title: 'A vecproof suite',
    oneOf: [{ required: ['dataset'] }, { required: ['datasets'] }],
    properties: {
      ...(shell['properties'] as JsonSchema),
      // One comparison may stand without a list.
      parity: { description, anyOf: [list['items'], list] },
      workloads: { ...workloads, items: { anyOf: [...names, ...kinds.map(workload)] } },
      engines: { ...engines, items: { ...item, properties, allOf } },
    },
  };
}

/** A workload with its options. */
function workload({ type, description, optionSchemas }: WorkloadKind): JsonSchema {
  const options = swept({ properties: optionSchemas() });
  const properties = { type: { const: type, description }, ...(options['properties'] as JsonSchema) };
  return { ...options, required: ['type'], properties };
}

function parameters(definition: EngineDefinition): JsonSchema {
  const { index, search } = definition.optionSchemas();
  return { index: swept(index), search: swept(search) };
}

/** Each property as itself or as a list of itself. */
function swept(schema: JsonSchema): JsonSchema {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>);
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(
      properties.map(([key, one]) => [
        key,
        { anyOf: [one, { type: 'array', items: one, minItems: 1, uniqueItems: true }] },
      ]),
    ),
  };
}
