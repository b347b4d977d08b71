import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import type { FieldSchema } from '../dataset.js';
import { recordLines } from '../formats/jsonl/write.js';
import { openSink } from '../formats/sink.js';
import type { TableSpec } from '../formats/writer.js';
import {
  addLosses,
  fieldColumns,
  keepsJudgements,
  neighborsEnding,
  neighborsFile,
  pointsFile,
  qrelsFile,
  queriesFile,
} from './parts.js';
import { idColumn, pointsTable, queriesTable, type Table } from './table.js';
import type { Target } from './target.js';
import type { CarriedSet, PlanContext, PlannedFile } from './types.js';

/** A folder with a `dataset.yaml`: everything that the dataset has, metric included. */
export function describedFolder(
  context: PlanContext,
  { path, format }: Extract<Target, { kind: 'folder' }>,
): void {
  const { plan, dataset, keeping, sets, info } = context;
  addLosses(context);
  plan.folder = path;
  const [ending] = format.endings;
  const points = `points${ending}`;
  plan.files.push(pointsFile(context, join(path, points)));
  const metadata = keeping.records
    ? recordsFile(plan.files, join(path, 'points.jsonl'), pointsTable(dataset, context.signal))
    : undefined;
  const taken = new Set(['points', 'dataset']);
  const querySets = sets.map((carried) => describeSet(context, carried, path, ending!, taken));
  const description = {
    name: nameOf(path),
    format: format.name,
    metric: info.metric,
    count: info.count,
    dimensions: info.dimensions,
    points: { file: points, metadata },
    querySets,
    fields: declaredFields(info.fields, sets),
    licence: info.licence,
    provenance: info.provenance,
  };
  // Last, so that a folder without it is no dataset.
  plan.files.push(
    textFile(join(path, 'dataset.yaml'), 'what the files are', stringify(withoutAbsent(description))),
  );
}

function describeSet(
  context: PlanContext,
  carried: CarriedSet,
  folder: string,
  ending: string,
  taken: Set<string>,
) {
  const { plan, keeping, dataset, info } = context;
  const { set, neighbors } = carried;
  const name = fileName(set.name, taken);
  const inside = keeping.writer.queries === 'inside';
  const described: Record<string, unknown> = { name: inside ? 'test' : set.name };
  if (!inside) {
    described['file'] = `${name}${ending}`;
    plan.files.push(queriesFile(context, carried, join(folder, `${name}${ending}`)));
    if (keeping.records)
      described['metadata'] = recordsFile(
        plan.files,
        join(folder, `${name}.jsonl`),
        queriesTable(set, fieldColumns(carried), info.metric),
      );
  }
  const near = neighbors && neighborsEnding(context, neighbors);
  if (near !== undefined) {
    described['neighbors'] = `${name}.neighbors${near}`;
    plan.files.push(neighborsFile(set.name, neighbors!, join(folder, `${name}.neighbors${near}`)));
  }
  if (keepsJudgements(context, carried)) {
    described['qrels'] = `${name}.qrels.tsv`;
    plan.files.push(qrelsFile(dataset, set.name, join(folder, `${name}.qrels.tsv`), 'beir'));
  }
  return described;
}

/** A file's name for a query set's: only what every file system takes, and no two alike. */
function fileName(set: string, taken: Set<string>): string {
  const plain = set.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '') || 'queries';
  let name = plain;
  for (let i = 2; taken.has(name.toLowerCase()); i++) name = `${plain}-${i}`;
  taken.add(name.toLowerCase());
  return name;
}

export function nameOf(path: string): string {
  const name = basename(path)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '');
  return name === '' ? 'dataset' : name;
}

/** Types that a reader would not tell by itself; left out where a query set has the name for something else. */
function declaredFields(
  fields: readonly FieldSchema[],
  sets: readonly CarriedSet[],
): FieldSchema[] | undefined {
  const known = fields.filter(
    ({ name, type }) =>
      name !== '' &&
      sets.every((set) => set.fields.every((field) => field.name !== name || field.type === type)),
  );
  return known.length === 0 ? undefined : known;
}

function withoutAbsent(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** @returns its name in the folder */
function recordsFile(files: PlannedFile[], path: string, table: Table): string {
  const id = idColumn(table.fields);
  files.push({
    path,
    what: `ids and fields of ${table.count} rows`,
    async write(temporary) {
      const sink = openSink(temporary, path);
      const spec = { ...table, id, path } satisfies TableSpec;
      try {
        for await (const batch of table.read(table.fields.map(({ name }) => name)))
          await sink.write(recordLines(batch, spec));
        await sink.end();
      } catch (error) {
        sink.abandon();
        throw error;
      }
    },
  });
  return basename(path);
}

function textFile(path: string, what: string, text: string): PlannedFile {
  return {
    path,
    what,
    async write(temporary) {
      const sink = openSink(temporary, path);
      try {
        await sink.write(text);
        await sink.end();
      } catch (error) {
        sink.abandon();
        throw error;
      }
    },
  };
}
