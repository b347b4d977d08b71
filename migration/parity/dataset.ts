import { InputError } from '../../common/errors.js';
import type {
  Dataset,
  DatasetInfo,
  FieldSchema,
  MetadataValue,
  Metric,
  PointBatch,
} from '../../datasets/dataset.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Point } from '../../engines/contract/points.js';
import type { VectorValue } from '../../engines/contract/vectors.js';
import { flatten } from '../../engines/kit/check.js';
import { brainsToFloats, halvesToFloats } from '../../engines/kit/half.js';
import { isMulti, isSparse, vectorIn } from '../../engines/kit/vectors.js';
import { idType } from '../export/canonical.js';
import type { Manifest } from '../export/manifest.js';
import { isMetric } from '../export/metric.js';
import type { OpenExport } from '../export/reader.js';
import { filterFields } from '../mapping/filters.js';
import { Observer } from '../mapping/observe.js';
import { typedText } from '../mapping/typed-id.js';

/** Points of an export as a dataset: rows are the points that have the vector, in the order of the export. */
export interface ExportRows {
  dataset: Dataset;
  /** By row. */
  ids: readonly PointId[];
  metric: Metric;
  vector: string;
  /** Points that are no row, and why, in words. */
  notes: readonly string[];
}

type SourceVector = Manifest['vectors'][number];

/**
 * @param vector name of the vector that is searched; the first dense one of numbers if absent
 * @throws InputError where the export has no such vector, or its metric is not stated
 */
export async function exportRows(
  opened: OpenExport,
  { name, vector, signal }: { name: string; vector: string | undefined; signal: AbortSignal },
): Promise<ExportRows> {
  const field = chosenVector(opened.manifest, vector);
  const { metric } = field;
  if (metric === null || !isMetric(metric)) {
    throw new InputError(
      metric === null
        ? 'the source does not state the metric of its vectors'
        : `${metric} is a metric of bits`,
      { where: `vector "${field.name}"`, next: 'give a mapping, or an inventory that measured it' },
    );
  }
  const observer = new Observer(opened.shape);
  const ids: PointId[] = [];
  let left = 0;
  for await (const group of opened.points()) {
    signal.throwIfAborted();
    for (const point of group) {
      if (rowOf(point, field, metric) === undefined) {
        left++;
        continue;
      }
      observer.add(point);
      ids.push(point.id);
    }
  }
  const fields = declaredOver(filterFields(observer.result()), opened.manifest);
  const notes =
    left === 0
      ? []
      : [
          `${left} points have no vector "${field.name}" that ${metric} compares: they are in no answer's truth`,
        ];
  const info: DatasetInfo = {
    name,
    hash: opened.manifest.sum,
    metric,
    metricSource: 'declared',
    dimensions: field.dimensions,
    count: ids.length,
    fields,
    querySets: [{ name: 'queries', count: 0, judged: false }],
    source: opened.manifest.source.place,
    files: [],
  };
  return { dataset: datasetOf(opened, field, metric, info), ids, metric, vector: field.name, notes };
}

function chosenVector({ vectors }: Manifest, wanted: string | undefined): SourceVector {
  const floats = vectors.filter(
    ({ kind, type }) => kind === 'dense' && ['f32', 'f16', 'bf16'].includes(type),
  );
  const found = wanted === undefined ? floats[0] : floats.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  throw new InputError('the source has no such dense vector of floats', {
    where: '--vector',
    got: wanted ?? vectors.map(({ name, kind, type }) => `${name} (${kind} ${type})`).join(', '),
    next:
      floats.length === 0
        ? 'bits, integers, sparse and multi vectors are not compared'
        : `use one of ${floats.map(({ name }) => name).join(', ')}`,
  });
}

/** Types that the source itself declares come before those that its values have. */
function declaredOver(observed: readonly FieldSchema[], { fields }: Manifest): FieldSchema[] {
  return observed.map((field) => {
    const declared = fields.find(({ name, native }) => name === field.name && native !== null)?.type;
    return declared == null ? field : { ...field, type: declared };
  });
}

function datasetOf(opened: OpenExport, field: SourceVector, metric: Metric, info: DatasetInfo): Dataset {
  return {
    info,
    async *points({ batchSize, metadata = [], signal }) {
      let batch: { ids: string[]; rows: Float32Array[]; points: Point[] } = { ids: [], rows: [], points: [] };
      let start = 0;
      const flush = (): PointBatch => {
        const vectors = new Float32Array(batch.rows.length * field.dimensions);
        for (const [i, row] of batch.rows.entries()) vectors.set(row, i * field.dimensions);
        const flat = batch.points.map((point) => flatten(point.metadata));
        const columns = Object.fromEntries(
          metadata.map((name) => [
            name,
            flat.map((each) => (Object.hasOwn(each, name) ? (each[name] as MetadataValue) : null)),
          ]),
        );
        return { start, count: batch.rows.length, ids: batch.ids, vectors, metadata: columns };
      };
      for await (const group of opened.points()) {
        signal?.throwIfAborted();
        for (const point of group) {
          const row = rowOf(point, field, metric);
          if (row === undefined) continue;
          batch.ids.push(typedText({ type: idType(opened.shape, point.id), id: point.id }));
          batch.rows.push(row);
          batch.points.push(point);
          if (batch.rows.length < batchSize) continue;
          yield flush();
          start += batch.rows.length;
          batch = { ids: [], rows: [], points: [] };
        }
      }
      if (batch.rows.length > 0) yield flush();
    },
    queries: async (name) => ({
      name,
      count: 0,
      dimensions: field.dimensions,
      ids: [],
      vectors: new Float32Array(0),
      fields: {},
    }),
    qrels: async () => undefined,
    providedTruth: async () => undefined,
    close: async () => {},
  };
}

/** The vector as float32; undefined: there is none, or none that has a distance to others. */
function rowOf({ vectors }: Point, { name, type }: SourceVector, metric: Metric): Float32Array | undefined {
  const value = vectorIn(vectors, name);
  const row = value === undefined ? undefined : floatsOf(value, type);
  if (row === undefined || !row.every(Number.isFinite)) return undefined;
  return metric === 'cosine' && row.every((each) => each === 0) ? undefined : row;
}

function floatsOf(value: VectorValue, type: SourceVector['type']): Float32Array | undefined {
  if (isSparse(value) || isMulti(value)) return undefined;
  if (type === 'f16') return halvesToFloats(value as Uint16Array);
  if (type === 'bf16') return brainsToFloats(value as Uint16Array);
  return value as Float32Array;
}
