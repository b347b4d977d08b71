import type { FieldSchema } from '../../datasets/dataset.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import { whyNotFields } from '../../engines/kit/holds.js';
import { conditionsOf } from '../../filters/filter.js';
import { refusals } from '../../filters/support.js';
import type { PlannedBuild } from '../model/plan.js';
import type { Data } from './data.js';

/**
 * Builds with the groups that their engine refuses, and why. A group is measured whole or not at all: recall over
 * the queries that an engine happens to take does not compare with anything.
 */
export function withRefusals(
  builds: readonly PlannedBuild[],
  definitions: ReadonlyMap<string, EngineDefinition>,
  { grouped, info }: Pick<Data, 'grouped' | 'info'>,
  extraFields: readonly string[],
): { builds: PlannedBuild[]; unfit: Map<string, string> } {
  const unfit = new Map<string, string>();
  const groups = [...new Set(grouped?.map(({ group }) => group))];
  const planned = builds.map((build) => {
    const definition = definitions.get(build.engine)!;
    const lacking = whyNotHeld(
      definition,
      info.fields.filter(({ name }) => extraFields.includes(name)),
    );
    const refused = refusedGroups(definition, grouped ?? []);
    const reasons = Object.values(refused);
    const why =
      lacking ??
      (reasons.length > 0 && reasons.length === groups.length ? [...new Set(reasons)].join('; ') : undefined);
    if (why !== undefined) for (const { id } of build.trials) unfit.set(id, why);
    return reasons.length === 0 ? build : { ...build, refused };
  });
  return { builds: planned, unfit };
}

function refusedGroups(
  definition: EngineDefinition,
  grouped: NonNullable<Data['grouped']>,
): Record<string, string> {
  const reasons = new Map<string, Set<string>>();
  const seen = new Set<string>();
  for (const { group, filter, text } of grouped) {
    if (filter === null || seen.has(`${group} ${text}`)) continue;
    seen.add(`${group} ${text}`);
    const fields = conditionsOf(filter).map(({ field }) => field);
    const own = reasons.get(group) ?? new Set<string>();
    for (const each of whyRefused(definition, filter, fields)) own.add(each);
    if (own.size > 0) reasons.set(group, own);
  }
  return Object.fromEntries(
    [...reasons].map(([group, own]) => [
      group,
      `${definition.name}: ${[...own].slice(0, MOST_REASONS).join('; ')}`,
    ]),
  );
}

const MOST_REASONS = 4;

function whyRefused(
  definition: EngineDefinition,
  filter: Parameters<typeof refusals>[0],
  fields: readonly Pick<FieldSchema, 'name' | 'type'>[],
): string[] {
  const { filters } = definition.capabilities;
  if (Object.keys(filters.operators).length === 0) return ['has no filters'];
  const lacking = whyNotHeld(definition, fields);
  return lacking === undefined ? refusals(filter, filters) : [lacking, ...refusals(filter, filters)];
}

/** Fields that the engine cannot keep, by type or by name: found before anything is loaded. */
function whyNotHeld(
  definition: EngineDefinition,
  fields: readonly Pick<FieldSchema, 'name' | 'type'>[],
): string | undefined {
  const reasons = whyNotFields(definition, fields);
  return reasons.length === 0 ? undefined : reasons.join('; ');
}
