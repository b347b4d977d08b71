import { createHash } from 'node:crypto';
import { InputError } from '../../common/errors.js';
import type { FieldSchema } from '../../datasets/dataset.js';
import { openDataset } from '../../datasets/open.js';
import type { IdKind, PointId } from '../../engines/contract/ids.js';
import type { Metadata, Point, PointValue } from '../../engines/contract/points.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import { openSource } from '../connections/open-source.js';
import type { Surroundings } from '../connections/reach.js';
import { REVISION } from './ledger.js';

/** What a rehearsal moves: some points, and the collection that they need. */
export interface RehearsalData {
  /** For people. */
  from: string;
  spec: Omit<CollectionSpec, 'name' | 'index'>;
  points: readonly Point[];
  /** The vector that is searched. */
  vector: string;
  /** What of the source is not rehearsed, a sentence each. */
  leftOut: readonly string[];
}

const BUNDLED = 'debian-packages-20k';
const FIELDS: readonly FieldSchema[] = [
  { name: 'section', type: 'string', nullable: true },
  { name: 'size', type: 'integer', nullable: true },
];
const REVISION_FIELD = { name: REVISION, type: 'integer', nullable: true } as const;

/** The first points of a bundled dataset: names of packages, their sections and sizes. */
export async function bundledData(
  count: number,
  cacheFolder: string,
  signal: AbortSignal,
): Promise<RehearsalData> {
  const dataset = await openDataset(BUNDLED, { baseFolder: cacheFolder, cacheFolder, signal });
  const { dimensions } = dataset.info;
  const points: Point[] = [];
  try {
    for await (const batch of dataset.points({ batchSize: 500, metadata: FIELDS.map(({ name }) => name) })) {
      for (let i = 0; i < batch.count && points.length < count; i++) {
        const value = (name: string) => (batch.metadata?.[name]?.[i] ?? null) as PointValue;
        const id = String(batch.ids[i]!);
        points.push({
          id,
          vectors: { vector: batch.vectors.slice(i * dimensions, (i + 1) * dimensions) },
          metadata: { section: value('section'), size: value('size'), [REVISION]: 0 },
          text: `the package ${id}`,
        });
      }
      if (points.length >= count) break;
    }
  } finally {
    await dataset.close();
  }
  return {
    from: `the first ${points.length} points of ${BUNDLED}, which comes with vecproof`,
    spec: {
      vectors: [{ name: 'vector', kind: 'dense', type: 'f32', dimensions, metric: 'cosine' }],
      ids: 'string',
      fields: [...FIELDS, REVISION_FIELD],
      text: true,
    },
    points,
    vector: 'vector',
    leftOut: [],
  };
}

/**
 * The first points of a collection, which is only read. What a scratch collection is not made with is left out, and said.
 * @throws InputError for a collection without points or without a dense float vector
 */
export async function sourceData(
  place: string,
  count: number,
  surroundings: Surroundings,
): Promise<RehearsalData> {
  const source = await openSource(place, surroundings);
  try {
    const description = await source.collection.points.describe();
    const { ids, fields } = description;
    const vectors = description.spec.vectors.filter(({ kind, type }) => kind === 'dense' && type === 'f32');
    const [first] = vectors;
    if (first === undefined || ids === null)
      throw new InputError('has no dense float vector, or does not tell the kind of its ids', {
        where: place,
        next: 'rehearse with the bundled data: rehearse: { data: bundled }',
      });
    const typed = fields.filter(({ type }) => type !== null) as (FieldSchema & { native: string })[];
    const names = new Set(typed.map(({ name }) => name));
    const vectorNames = new Set(vectors.map(({ name }) => name));
    const points = await firstPoints(source.collection.points, count, surroundings.signal);
    if (points.length === 0)
      throw new InputError('holds no points', {
        where: place,
        next: 'rehearse with the bundled data: rehearse: { data: bundled }',
      });
    return {
      from: `the first ${points.length} points of ${place}`,
      spec: {
        vectors: vectors.map((each) => ({ ...each, metric: each.metric ?? 'cosine' })),
        ids,
        fields: [...typed.map(({ name, type }) => ({ name, type, nullable: true })), REVISION_FIELD],
        text: description.spec.text,
        uri: description.spec.uri,
        tenant: description.spec.tenant,
      },
      points: points
        .filter(({ vectors: own }) => own[first.name] !== undefined)
        .map((point) => ({
          id: point.id,
          vectors: kept(point.vectors, vectorNames),
          metadata: { ...kept(point.metadata as Metadata, names), [REVISION]: 0 },
          text: point.text,
          uri: point.uri,
          tenant: point.tenant,
        })),
      vector: first.name,
      leftOut: [
        ...description.spec.vectors
          .filter(({ name }) => !vectorNames.has(name))
          .map(({ name, kind, type }) => `vector "${name}" (${kind}, ${type}) is not rehearsed`),
        ...fields
          .filter(({ type }) => type === null)
          .map(({ name, native }) => `field "${name}" (${native}) is not rehearsed`),
      ],
    };
  } finally {
    await source.close();
  }
}

async function firstPoints(
  points: Awaited<ReturnType<typeof openSource>>['collection']['points'],
  count: number,
  signal: AbortSignal,
): Promise<Point[]> {
  const snapshot = await points.snapshot();
  const found: Point[] = [];
  try {
    for await (const page of snapshot.scan({ batchSize: Math.min(count, 500), signal })) {
      found.push(...page.points);
      if (found.length >= count) break;
    }
  } finally {
    await snapshot.close();
  }
  return found.slice(0, count);
}

function kept<T>(values: Readonly<Record<string, T>>, names: ReadonlySet<string>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)));
}

/** An id of the collection's kind that no point of it has. */
export function newId(kind: IdKind, operation: number): PointId {
  const digest = createHash('sha256').update(`vecproof rehearsal ${operation}`).digest('hex');
  switch (kind) {
    case 'u32':
      return BigInt(4_000_000_000 + operation);
    case 'u64':
      return 4_611_686_018_427_387_904n + BigInt(operation);
    case 'uuid':
      return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-4${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
    default:
      return `vecproof-rehearsal-${operation}`;
  }
}
