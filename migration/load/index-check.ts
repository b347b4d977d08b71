import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Collection, Readiness } from '../../engines/contract/collection.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { Description } from '../../engines/contract/points.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import { firstVector } from '../../engines/kit/vectors.js';

/**
 * What is wrong with the index that a target says it has, beside the one that its mapping asks for. Names are compared
 * without case and signs, and in full or as a beginning (`ef_construct` is `efConstruction`); what the engine does not
 * tell is not compared.
 */
export function indexDifferences(asked: ParameterSet, given: Description['index']): string[] {
  const told = withoutJson(given);
  const differences: string[] = [];
  const type = told['type'] ?? told['index_type'];
  if (type !== undefined && !isOfType(String(asked['type']), String(type)))
    differences.push(`type: ${asked['type']} was asked for, the target has ${type}`);
  for (const [name, value] of Object.entries(asked)) {
    if (name === 'type' || typeof value === 'string') continue;
    const key = Object.keys(told).find((each) => isSameName(name, each));
    if (key !== undefined && String(told[key]) !== String(value))
      differences.push(`${name}: ${value} was asked for, the target has ${key} ${told[key]}`);
  }
  return differences;
}

/** Parameters that are told as JSON in one text, beside the others. */
function withoutJson(told: Description['index']): Record<string, unknown> {
  const inner = Object.values(told).filter((each) => typeof each === 'string' && /^\{.*\}$/s.test(each));
  return Object.assign({ ...told }, ...inner.map((each) => JSON.parse(each as string) as object));
}

function isOfType(asked: string, told: string): boolean {
  const name = plainName(told);
  if (asked === 'ivf') return name.includes('ivf') && !name.includes('hnsw');
  return name.includes(plainName(asked));
}

function isSameName(asked: string, told: string): boolean {
  const [a, b] = [plainName(asked), plainName(told)];
  return a === b || (Math.min(a.length, b.length) > 3 && (a.startsWith(b) || b.startsWith(a)));
}

function plainName(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/**
 * The target's index is the mapping's, covers every point that has the vector, and serves a search: an engine that can
 * tell the plan of a search refuses to prepare one that would not use it.
 *
 * @throws FailureError naming each difference
 */
export async function requireIndex(
  { definition, spec, place }: { definition: EngineDefinition; spec: CollectionSpec; place: string },
  collection: Collection,
  readiness: Readiness,
): Promise<void> {
  const { index } = await collection.points!.describe();
  const differences = indexDifferences(spec.index, index);
  const { indexed, count } = readiness;
  const mayBeAbsent = definition.capabilities.points!.vectors.absent === 'kept';
  if (indexed !== null && indexed < count && !mayBeAbsent)
    differences.push(`it covers ${indexed} of ${count} points`);
  if (differences.length > 0)
    throw new FailureError(`the index is not the mapping's: ${differences.join('; ')}`, {
      where: place,
      got: index,
      next: 'run the same command again, which builds what is missing; report it if it stays',
    });
  const { kind, type } = firstVector(spec);
  const searchable = kind === 'dense' && type !== 'bit' && type !== 'int8';
  const parsed = definition.parseOptions({ index: { ...spec.index }, search: {} });
  if (count === 0 || !searchable || spec.index['type'] === 'flat' || parsed.state !== 'ok') return;
  const search = await collection.prepare(parsed.search, Math.min(10, count));
  await search.close();
}
