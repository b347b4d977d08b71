import { InputError } from '../../common/errors.js';
import { faultText, placeFault } from '../../common/faults.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { Description } from '../../engines/contract/points.js';

/** How a collection that is there is searched. */
export interface SideSettings {
  /** As far as the engine's own words for its index are parameters here. */
  index: ParameterSet;
  search: ParameterSet;
}

/**
 * The settings of a search on a collection that is there: what is asked for, else the engine's defaults for its index.
 *
 * @param known index parameters that the collection was made with, where a mapping tells
 * @throws InputError for search parameters that the engine does not have
 */
export function settingsOf(
  definition: EngineDefinition,
  description: Description,
  search: Readonly<Record<string, unknown>>,
  known?: ParameterSet,
): SideSettings {
  const type = indexType(definition, description);
  const candidates: ParameterSet[] = [
    ...(known === undefined ? [] : [known]),
    description.index,
    ...(type === undefined ? [] : [withLists({ type }, description), { type }]),
    {},
  ];
  for (const index of candidates) {
    const parsed = definition.parseOptions({ index, search: {} });
    if (parsed.state !== 'ok') continue;
    const own = definition.parseOptions({ index, search });
    if (own.state === 'ok') return { index: own.index, search: own.search };
    const faults = own.issues.map((fault) => faultText(placeFault('', fault)));
    throw new InputError(faults.join('; '), { where: `search of ${definition.name}` });
  }
  throw new Error(`${definition.name} takes no index parameters at all`);
}

/** The type that the engine's own words name: `IVF_HNSW_SQ` is a graph in lists, of which the graph is searched. */
function indexType({ capabilities }: EngineDefinition, { index }: Description): string | undefined {
  const words = String(index['type'] ?? '').toLowerCase();
  const known = Object.keys(capabilities.indexTypes);
  return (
    known.find((type) => type === words) ??
    ['hnsw', 'ivf', 'flat'].find((type) => known.includes(type) && words.includes(type))
  );
}

function withLists(index: ParameterSet, { index: described }: Description): ParameterSet {
  const { nlist } = described;
  return nlist === undefined ? index : { ...index, nlist };
}
