import { relative, resolve } from 'node:path';
import { InputError } from '../../common/errors.js';
import { type Fault, faultText, placeFault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import { parseSize } from '../../harness/suite/schema.js';
import type { MapOptions } from '../mapping/map.js';
import type { MappedVector, Mapping } from '../mapping/mapping.js';
import type { Plan } from './schema.js';
import type { Work } from './stage.js';

/** What a plan says of the mapping, in the terms of `mapExport`. */
export function optionsOf({
  parsed,
  surroundings,
  folder,
}: Pick<Work, 'parsed' | 'surroundings' | 'folder'>): Omit<MapOptions, 'signal'> {
  const { queries, map } = parsed.plan;
  const at = (file: string) => resolve(surroundings.cwd, file);
  const { index, thresholds, required, keyword, displayed, context, ids, idFile, keepId } = map;
  return {
    index,
    queries: queries === undefined ? undefined : { path: at(queries), shown: queries },
    thresholds,
    required,
    keyword,
    displayed,
    context,
    ids,
    idFile: idFile === undefined ? undefined : { path: at(idFile), name: relative(folder, at(idFile)) },
    keepId,
    budget: {
      ...(map.k !== undefined && { k: map.k }),
      ...(map.updates !== undefined && { updatesPerDay: map.updates }),
      ...(map.memory !== undefined && { memoryBytes: parseSize(map.memory)! }),
      ...(map.latency !== undefined && { latencyMs: map.latency }),
    },
  };
}

/** What the plan wants otherwise than proposed. */
export function edited(mapping: Mapping, edits: Plan['map']): Mapping {
  const faults: Fault[] = [];
  const known = (part: 'vectors' | 'fields') => mapping[part].map(({ from }) => from);
  for (const part of ['vectors', 'fields'] as const)
    for (const name of Object.keys(edits[part]))
      if (!known(part).includes(name))
        faults.push({ path: ['map', part, name], what: suggest('is not in the export', name, known(part)) });
  if (faults.length > 0)
    throw new InputError(faults.map((fault) => faultText(placeFault('', fault))).join('\n'), {
      where: 'plan',
    });
  return {
    ...mapping,
    vectors: mapping.vectors.map((vector) => {
      const { to = vector.to, metric = vector.metric } = ownValue(edits.vectors, vector.from) ?? {};
      if (metric === vector.metric) return { ...vector, to };
      const { scores: _, ...rest } = vector;
      return { ...rest, to, metric: metric as MappedVector['metric'] };
    }),
    thresholds: mapping.thresholds.map((each) =>
      ownValue(edits.vectors, each.vector)?.metric === undefined
        ? each
        : { ...each, target: null, keeps: null, why: 'the plan gives its vector another metric' },
    ),
    fields: mapping.fields.map((field) => {
      const to = ownValue(edits.fields, field.from);
      return to === undefined ? field : { ...field, to };
    }),
    details: mapping.details.map((detail) => {
      const to = edits.details[detail.from];
      return to === undefined ? detail : { ...detail, to };
    }),
    text: mapping.text && edits.text !== false,
    uri: mapping.uri && edits.uri !== false,
    tenant: mapping.tenant && edits.tenant !== false,
  };
}

function ownValue<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
