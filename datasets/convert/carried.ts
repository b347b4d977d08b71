import type { Dataset, ProvidedNeighbors } from '../dataset.js';
import { NEIGHBOR_NAMES, pickName } from '../formats/names.js';
import type { FormatWriter, NeighborTable } from '../formats/writer.js';
import type { CarriedSet, ConversionPlan } from './types.js';

/** A query set with what goes with it: judgements, and the neighbours that its files brought. */
export async function readCarried(
  dataset: Dataset,
  name: string,
  writer: FormatWriter,
  plan: ConversionPlan,
  signal: AbortSignal | undefined,
): Promise<CarriedSet> {
  const set = await dataset.queries(name);
  const info = dataset.info.querySets.find((each) => each.name === name)!;
  const fields = info.fields ?? [];
  const provided = await dataset.providedTruth(name);
  if (provided?.state === 'unusable')
    plan.notes.push(`neighbours of ${name} are not written, as they fit no points: ${provided.reason}`);
  const usable = provided?.state === 'usable' ? provided : undefined;
  const neighbors = usable && tableOf(usable, set.count);
  // A column of the queries that lists them is written like any other field.
  const listed =
    pickName(
      fields.map((field) => field.name),
      NEIGHBOR_NAMES,
    ) !== undefined;
  const asColumn = writer.neighbors === 'column' && neighbors !== undefined && !listed;
  return {
    set,
    fields,
    judged: info.judged,
    idsAreRows: info.columns === undefined || info.columns.id === 'row number',
    neighbors: writer.neighbors === 'column' && listed ? undefined : neighbors,
    idOf: asColumn ? await idsOf(dataset, neighbors.rows, signal) : undefined,
  };
}

function tableOf({ k, rows, distances }: ProvidedNeighbors, count: number): NeighborTable {
  return { count, k, rows, distances };
}

async function idsOf(dataset: Dataset, rows: Int32Array, signal: AbortSignal | undefined) {
  const wanted = new Set(rows);
  const found = new Map<number, string>();
  for await (const { ids, start } of dataset.points({ batchSize: 8192, signal })) {
    for (const [i, id] of ids.entries()) if (wanted.has(start + i)) found.set(start + i, id);
  }
  return found;
}
