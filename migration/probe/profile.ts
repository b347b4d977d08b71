import type { Point } from '../../engines/contract/points.js';
import { type IdType, idBytes, idType, type PointShape } from '../export/canonical.js';
import { type Cardinality, DistinctValues } from './cardinality.js';
import { type Met, meet, met } from './examples.js';
import { type FieldProfile, FieldProfiles } from './field-profile.js';
import { RepeatedKeys } from './repeated.js';
import { Sample } from './sample.js';
import { addText, type TextProfile, textProfile } from './text-profile.js';
import { type VectorProfile, VectorProfileBuilder } from './vector-profile.js';

/** What one pass over all points of a place shows. */
export interface Profile {
  points: number;
  ids: {
    types: Readonly<Record<IdType, number>>;
    distinct: number;
    /** Of the different ids, whatever their order. */
    sum: string;
    repeated: Met;
    empty: Met;
    beyondDoubles: Met;
    longestBytes: number;
    texts: TextProfile;
  };
  tenants: {
    points: number;
    without: Met;
    distinct: Cardinality;
    /** Points of each; those beyond the first 10,000 tenants are not here. */
    counts: ReadonlyMap<string, number>;
    /** Ids that several tenants have. */
    shared: Met;
  };
  parts: Readonly<Record<Part, TextProfile>>;
  vectors: readonly VectorProfile[];
  fields: readonly FieldProfile[];
  moreFields: number;
  /** Seeded, some of the points. */
  sample: readonly Point[];
}

export type Part = 'text' | 'uri' | 'tenant';
export const PROFILED_PARTS = ['text', 'uri', 'tenant'] as const satisfies readonly Part[];

export interface ProfileOptions {
  shape: PointShape;
  /** For files of ids, removed by the caller. */
  folder: string;
  /** Points, about. */
  expected: number;
  /** Points that are kept. */
  sample: number;
  seed: number;
  /** Field that says whose a point is, where the points have no tenant of their own. */
  tenantField?: string | undefined;
  /** Longer texts are counted. */
  maxTextBytes?: number | undefined;
}

const MOST_TENANTS = 10_000;
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Fills a profile point by point; memory does not grow with their number. */
export class Profiler {
  readonly #options: ProfileOptions;
  readonly #types: Record<IdType, number> = { integer: 0, string: 0, uuid: 0 };
  readonly #keys: RepeatedKeys;
  readonly #empty = met();
  readonly #beyond = met();
  readonly #idTexts = textProfile();
  #longest = 0;
  #points = 0;
  #withTenant = 0;
  readonly #without = met();
  readonly #tenants = new DistinctValues();
  readonly #counts = new Map<string, number>();
  readonly #parts: Record<Part, TextProfile> = {
    text: textProfile(),
    uri: textProfile(),
    tenant: textProfile(),
  };
  readonly #vectors: readonly VectorProfileBuilder[];
  readonly #fields: FieldProfiles;
  readonly #sample: Sample<Point>;

  constructor(options: ProfileOptions) {
    const { shape, folder, expected, sample, seed } = options;
    this.#options = options;
    this.#keys = new RepeatedKeys(folder, 'ids', expected);
    this.#vectors = shape.vectors.map((field) => new VectorProfileBuilder(field));
    this.#fields = new FieldProfiles(shape.timestamps, options.maxTextBytes);
    this.#sample = new Sample(sample, seed);
  }

  /** Points so far. */
  get points(): number {
    return this.#points;
  }

  add(point: Point): void {
    this.#points++;
    const text = String(point.id);
    const { tenantField, maxTextBytes } = this.#options;
    const tenant = tenantOf(point, tenantField);
    this.#addId(point, text, tenant);
    this.#addTenant(text, tenant);
    for (const part of PROFILED_PARTS)
      if (point[part] !== undefined) addText(this.#parts[part], text, point[part], maxTextBytes);
    for (const each of this.#vectors) each.add(text, point.vectors);
    this.#fields.add(text, point.metadata);
    this.#sample.add(text, () => point);
  }

  #addId({ id }: Point, text: string, tenant: string | undefined): void {
    const { shape } = this.#options;
    const type = idType(shape, id);
    this.#types[type]++;
    this.#keys.add(idBytes(shape, id), `${tenant ?? ''}\0${text}`);
    if (text.trim() === '') meet(this.#empty, text);
    if (typeof id === 'bigint') {
      if (id > SAFE || id < -SAFE) meet(this.#beyond, text);
      return;
    }
    this.#longest = Math.max(this.#longest, Buffer.byteLength(id, 'utf8'));
    if (type === 'string') addText(this.#idTexts, text, id, this.#options.maxTextBytes);
  }

  #addTenant(id: string, tenant: string | undefined): void {
    if (tenant === undefined) {
      meet(this.#without, id);
      return;
    }
    this.#withTenant++;
    this.#tenants.add(tenant);
    const before = this.#counts.get(tenant);
    if (before !== undefined || this.#counts.size < MOST_TENANTS) this.#counts.set(tenant, (before ?? 0) + 1);
  }

  finish(): Profile {
    const repeated = met();
    const shared = met();
    const { distinct, sum } = this.#keys.finish((notes, times) => {
      const [first] = notes;
      const id = first!.slice(first!.indexOf('\0') + 1);
      meet(repeated, id, times - 1);
      if (new Set(notes.map((note) => note.slice(0, note.indexOf('\0')))).size > 1) meet(shared, id);
    });
    return {
      points: this.#points,
      ids: {
        types: this.#types,
        distinct,
        sum,
        repeated,
        empty: this.#empty,
        beyondDoubles: this.#beyond,
        longestBytes: this.#longest,
        texts: this.#idTexts,
      },
      tenants: {
        points: this.#withTenant,
        without: this.#without,
        distinct: this.#tenants.result(),
        counts: this.#counts,
        shared,
      },
      parts: this.#parts,
      vectors: this.#vectors.map((each) => each.result()),
      fields: this.#fields.all(),
      moreFields: this.#fields.more,
      sample: this.#sample.items(),
    };
  }
}

/** Whose a point is: by its tenant, or by a field that says so. */
export function tenantOf({ tenant, metadata }: Point, field: string | undefined): string | undefined {
  if (tenant !== undefined || field === undefined) return tenant;
  const value = Object.hasOwn(metadata, field) ? metadata[field] : undefined;
  return value === undefined || value === null || typeof value === 'object' ? undefined : String(value);
}
