import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { ConformanceFacts } from '../../engines/contract/facts.js';
import type { OptionsInput } from '../../engines/contract/options.js';
import { widened } from '../run/probe.js';

/** Above every slice's number of points. */
const ALL = 5000;

/** An engine, and what is said of its exhaustive searches. */
export interface Exhaustive {
  definition: EngineDefinition;
  facts: Pick<ConformanceFacts, 'kinds' | 'visits'>;
}

/** The setting of one `type quantization` under which the engine says that it visits all of `points`. */
export function exhaustiveSetting(
  { definition, facts }: Exhaustive,
  kind: string,
  points: number = facts.visits ?? ALL,
): OptionsInput {
  const { name, capabilities, parseOptions } = definition;
  const given = facts.kinds[kind];
  if (given === undefined) throw new Error(`the facts of ${name} have no setting of ${kind}`);
  const { index, search } = given;
  const complete = parseOptions({ index, search });
  if (complete.state !== 'ok') throw new Error(`${name} ${kind}: ${JSON.stringify(complete.issues)}`);
  const declared = capabilities.exhaustive?.[String(complete.index['type'])];
  if (declared === undefined) throw new Error(`${name} declares no exhaustive search of ${kind}`);
  const lists = Number(complete.index['nlist'] ?? 1);
  const wide = widened(declared, complete.search, { points, lists });
  const named = Object.keys(wide).filter((key) => key in declared.search || key in search);
  return { index, search: Object.fromEntries(named.map((key) => [key, wide[key]!])) };
}

/** A setting without quantization that visits every point, exact before graphs. */
export function exactSetting(contender: Exhaustive): OptionsInput {
  const { definition, facts } = contender;
  const kind = ['flat none', 'hnsw none'].find((each) => facts.kinds[each] !== undefined);
  if (kind === undefined)
    throw new Error(`${definition.name} declares no exhaustive search without quantization`);
  return exhaustiveSetting(contender, kind);
}

/** An exact setting, and where the engine has them also with indexes of the metadata: they must change no answer. */
export function filteredSettings(contender: Exhaustive): [what: string, OptionsInput][] {
  const setting = exactSetting(contender);
  const keys = Object.keys((contender.definition.optionSchemas().index['properties'] ?? {}) as object);
  if (!keys.includes('payloadIndex')) return [['', setting]];
  const indexed = { ...setting, index: { ...setting.index, payloadIndex: true } };
  return [
    ['', setting],
    [' and payloadIndex', indexed],
  ];
}
