import type { Dataset } from '../dataset.js';
import { writeGroundTruth } from '../formats/bin/write.js';
import { writeNpyNeighbors } from '../formats/npy/write.js';
import { type ByteSink, openSink } from '../formats/sink.js';
import { writeIvecs } from '../formats/vecs/write.js';
import type { NeighborTable } from '../formats/writer.js';
import { writeQrels } from './judgements.js';
import { fieldLosses, keepsIds, pointLosses } from './losses.js';
import { type Column, idColumn, pointsTable, queriesTable, writeTable } from './table.js';
import type { CarriedSet, PlanContext, PlannedFile } from './types.js';

/** Tells what of points and queries the target's format does not hold. */
export function addLosses({ info, keeping, sets, plan }: PlanContext): void {
  plan.losses.push(...pointLosses(info, keeping));
  const idsGone = plan.losses.some(({ kind }) => kind === 'ids');
  const inside = keeping.writer.queries === 'inside';
  for (const { set, fields, idsAreRows, judged } of sets) {
    const named = keepsIds(keeping) && !inside;
    if (!named && !idsAreRows)
      plan.losses.push({
        kind: 'ids',
        what: `${keeping.format} has no ids of queries: row numbers take the place of those of ${set.name}`,
      });
    plan.losses.push(
      ...fieldLosses(
        fields,
        inside ? { ...keeping, writer: { ...keeping.writer, fields: [], changed: {} } } : keeping,
        `queries (${set.name})`,
      ),
    );
    if (judged && (idsGone || (!named && !idsAreRows)))
      plan.losses.push({
        kind: 'judgements',
        what: `the judgements of ${set.name} name ids that the files do not have: they are not written`,
      });
  }
  for (const [type, note] of Object.entries(keeping.writer.notes ?? {})) {
    if (info.fields.some((field) => field.type === type)) plan.notes.push(`${keeping.format}: ${note}`);
  }
}

/** Whether judgements by id still mean something beside these files. */
export function keepsJudgements({ plan }: PlanContext, { judged, set }: CarriedSet): boolean {
  return (
    judged &&
    !plan.losses.some(({ kind, what }) => kind === 'judgements' && what.includes(`of ${set.name} name ids`))
  );
}

/** @param idName the id's column, where another than `id` is wanted */
export function pointsFile(context: PlanContext, path: string, idName?: string): PlannedFile {
  const { dataset, keeping, signal, onProgress, sets } = context;
  const { writer } = keeping;
  const table = pointsTable(dataset, signal);
  const id = writer.ids ? idColumn(writer.fields.length === 0 ? [] : table.fields, idName) : null;
  const [first] = writer.queries === 'inside' ? sets : [];
  const inside = first && { count: first.set.count, vectors: first.set.vectors, neighbors: first.neighbors };
  return {
    path,
    what: `${table.count} points${first === undefined ? '' : ` and ${first.set.count} queries`}`,
    write: (temporary) =>
      writeTable(temporary, {
        table,
        writer,
        id,
        path,
        inside,
        onProgress: onProgress && ((done) => onProgress(done, table.count)),
      }),
  };
}

export function queriesFile(
  context: PlanContext,
  carried: CarriedSet,
  path: string,
  idName?: string,
): PlannedFile {
  const { keeping, info } = context;
  const { writer } = keeping;
  const columns = [...fieldColumns(carried), ...neighborColumn(carried)];
  const table = queriesTable(carried.set, columns, info.metric);
  const id = writer.ids ? idColumn(writer.fields.length === 0 ? [] : table.fields, idName) : null;
  return {
    path,
    what: `${table.count} queries (${carried.set.name})`,
    write: (temporary) => writeTable(temporary, { table, writer, id, path }),
  };
}

export function fieldColumns({ set, fields }: CarriedSet): Column[] {
  return fields.map((field) => ({ field, values: set.fields[field.name] ?? [] }));
}

/** Ids of the neighbours, as a column of the queries. */
function neighborColumn({ neighbors, idOf }: CarriedSet): Column[] {
  if (neighbors === undefined || idOf === undefined) return [];
  const { k, rows, count } = neighbors;
  const values = Array.from({ length: count }, (_, q) =>
    [...rows.subarray(q * k, (q + 1) * k)].flatMap((row) => idOf.get(row) ?? []),
  );
  return [{ field: { name: 'neighbors', type: 'string[]', nullable: false }, values }];
}

/** The ending of a file of neighbours, where the format keeps them beside. */
export function neighborsEnding({ keeping }: PlanContext, { distances }: NeighborTable): string | undefined {
  const { neighbors } = keeping.writer;
  if (typeof neighbors === 'string') return undefined;
  return distances === undefined ? neighbors.beside : (neighbors.distances ?? neighbors.beside);
}

export function neighborsFile(name: string, table: NeighborTable, path: string): PlannedFile {
  return {
    path,
    what: `${table.k} neighbours of each query (${name})`,
    async write(temporary) {
      const sink = openSink(temporary, path);
      try {
        await neighborWriter(path)(sink, table);
        await sink.end();
      } catch (error) {
        sink.abandon();
        throw error;
      }
    },
  };
}

function neighborWriter(path: string): (sink: ByteSink, table: NeighborTable) => Promise<void> {
  if (path.endsWith('.npy')) return writeNpyNeighbors;
  if (path.endsWith('.ivecs')) return writeIvecs;
  return (sink, table) =>
    writeGroundTruth(sink, path.endsWith('.ibin') ? { ...table, distances: undefined } : table);
}

export function qrelsFile(dataset: Dataset, set: string, path: string, layout: 'trec' | 'beir'): PlannedFile {
  return {
    path,
    what: `judgements of ${set}`,
    async write(temporary) {
      const qrels = (await dataset.qrels(set))!;
      const sink = openSink(temporary, path);
      try {
        await writeQrels(sink, qrels, layout, dataset.qrelsFile?.(set) ?? set);
        await sink.end();
      } catch (error) {
        sink.abandon();
        throw error;
      }
    },
  };
}
