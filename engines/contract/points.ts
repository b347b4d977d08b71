import type { FieldType, Metric } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import type { IdValues, PointColumns } from './columns.js';
import type { IdKind, PointId } from './ids.js';
import type { Metadata, Point } from './point.js';
import type { CollectionSpec } from './spec.js';
import type { DenseType, NamedVectors } from './vectors.js';

export type { Metadata, Point, PointValue, Provenance } from './point.js';

/** A change of one point. Keys of `set` replace, keys of `unset` go; what is not named stays. */
export interface PointChange {
  id: PointId;
  vectors?: NamedVectors | undefined;
  set?: Metadata | undefined;
  unset?: readonly string[] | undefined;
  text?: string | undefined;
  uri?: string | undefined;
}

/** What an engine says of a collection; null where it does not tell. What is absent it does not tell either. */
export interface Description extends CollectionFacts {
  /** What it holds, in the terms that `create` takes. */
  spec: Pick<CollectionSpec, 'name' | 'vectors' | 'text' | 'uri' | 'tenant'>;
  ids: IdKind | null;
  /** The engine's own words for its index (type, m, …). */
  index: Readonly<Record<string, string | number | boolean>>;
  /** Fields with the portable type where one fits; `native` is the engine's own name of its type. */
  fields: readonly { name: string; type: FieldType | null; native: string; nullable: boolean | null }[];
  count: number;
}

/** Facts for an inventory, each as the engine itself tells it. Nothing here is measured or guessed. */
export interface CollectionFacts {
  /** That this project made it; null: others did. Absent: the engine has no place for a mark (`PointSupport.mark`). */
  mark?: Mark | null;
  /** What serves each vector, by its name; a vector without an entry is scanned. */
  indexes?: Readonly<Record<string, VectorIndexFacts>>;
  /** Parts of the collection that the engine keeps apart by name. */
  partitions?: readonly PartitionFacts[];
  /** Other names under which the engine answers for this collection. */
  aliases?: readonly string[];
  /** The engine makes the ids: those of a copy are other ones unless they are given. */
  autoIds?: boolean;
  /** When points expire, in the engine's own words. */
  ttl?: string;
  /** Limits and strict modes that are set for this collection or its server, by the engine's own name. */
  limits?: Readonly<Record<string, string | number | boolean>>;
  /** Columns that are left out because the user said so (`ReadAs.omit`). */
  omitted?: readonly string[];
  /** What a reader should know and no other fact says, one sentence each. */
  notes?: readonly string[];
}

/** Kept by the engine with a collection that `create` made. */
export interface Mark {
  /** `CollectionSpec.madeBy`; null: it was created without. */
  by: string | null;
}

export interface VectorIndexFacts {
  /** The engine's own name of the index; absent: it has none. */
  name?: string;
  /** Type and parameters in the engine's own words. */
  parameters: Readonly<Record<string, string | number | boolean>>;
  /** Points that it covers; absent: not told. */
  points?: number;
}

export interface PartitionFacts {
  kind: 'partition' | 'tenant' | 'database' | 'schema' | 'shard';
  name: string;
  /** Absent where it would cost a scan. */
  points?: number;
}

/**
 * What a scan promises under writes. `snapshot`: exactly the points of one moment; `repaired`: the engine has no
 * snapshot, but two passes agreed; `best-effort`: points that were there throughout come once, the others may or may not.
 */
export type Consistency = 'snapshot' | 'repaired' | 'best-effort';

export interface ScanOptions {
  /** Most points of a page. */
  batchSize: number;
  /**
   * Goes on behind this cursor, also one of a snapshot that a crash has ended; where snapshots can be opened again, it
   * is one of the same watermark. With a `range`, it is a cursor of a scan of that range.
   */
  after?: string | undefined;
  /** Only the points of this range, which `Snapshot.ranges` gave; absent: all. */
  range?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface ScanPage {
  points: Point[];
  /** Text; a scan `after` it gives what follows this page. */
  cursor: string;
}

/** The same points as a page of `Snapshot.scan` in another form. */
export interface ColumnPage {
  columns: PointColumns;
  /** As of a `ScanPage`. */
  cursor: string;
}

/**
 * A view of a collection that is read page by page. The scan ends at the engine's explicit end of data, never at a
 * short page, and an error is an error.
 */
export interface Snapshot {
  consistency: Consistency;
  /** Position in the engine's log or history, in its own words; null: it has none. */
  watermark: string | null;
  scan(options: ScanOptions): AsyncIterable<ScanPage>;
  /**
   * The same points in the same order as columns, for what reads all of them; pages may be smaller, and the cursors of
   * both are the same. Absent: it gives points alone (`PointSupport.snapshot.columns`).
   */
  columns?(options: ScanOptions): AsyncIterable<ColumnPage>;
  /**
   * Cuts the snapshot into ranges that are scanned each for itself, several at the same time if need be, all at this
   * snapshot's watermark. Absent: it can only be read as a whole (`PointSupport.snapshot.ranges`).
   *
   * - Every point is in exactly one range; the first has no lower and the last no upper end, so that together they are
   *   the whole scan whatever was written meanwhile.
   * - A range is text that names both its ends: it means the same without the others, and in another process. It is
   *   valid for every snapshot of the same watermark; where an engine has none (null), for every later one.
   * - Ranges are in the order of the scan: their pages one after the other are those of a whole scan.
   * - The same snapshot gives the same ranges for the same `n`.
   *
   * @param n at least 1; about as many ranges come back, of about as many points each: fewer where there are few points,
   *   one where there are none
   */
  ranges?(n: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

/**
 * Whole points of a collection. Nothing here is timed. Every promise resolves when the engine has acknowledged and the
 * next call sees the change.
 */
export interface Points {
  /** Inserts points and replaces those whose id is there. The last of two with one id in a call wins. */
  upsert(points: readonly Point[], signal?: AbortSignal): Promise<void>;
  /** Declared by `PointSupport.insertOnly`: inserts those whose id is not there yet and leaves the others alone. */
  insertMissing?(points: readonly Point[], signal?: AbortSignal): Promise<void>;
  /** Throws FailureError naming the id if the point is not there; nothing is changed then. */
  update(change: PointChange): Promise<void>;
  /** Ids that are not there are no error. */
  delete(ids: readonly PointId[]): Promise<void>;
  /** Those that are there, in the order asked for; missing ids are left out. */
  get(ids: readonly PointId[]): Promise<Point[]>;
  /** @param at a watermark of an earlier snapshot, where `PointSupport.snapshot.reopens` */
  snapshot(at?: string): Promise<Snapshot>;
  describe(): Promise<Description>;
  /**
   * How many points the engine itself lets through a filter, asked exactly and without a search. A filter that
   * `refusals` names is not asked. Throws FailureError for a field that the collection does not hold or whose meaning is
   * not exact there. Absent: it cannot count by a filter.
   */
  matching?(filter: Filter): Promise<number>;
  /**
   * The same in columns, for who moves many points: of collections whose snapshots have columns, where the engine takes them over
   * (`PointSupport.columns`).
   */
  readonly asColumns?: PointsAsColumns | undefined;
}

export interface PointsAsColumns {
  /** As `Points.insertMissing`. Columns that the engine does not take over are written as points. */
  insertMissing(columns: PointColumns, signal?: AbortSignal): Promise<void>;
  /**
   * The points of these ids, each once and no others, in any order and in any number of pieces, where the engine can read
   * them without a search for each: just after they were inserted. Undefined: they are not that or not all there; `get` tells.
   */
  getWritten(ids: IdValues): Promise<readonly PointColumns[] | undefined>;
}

/**
 * How a collection that others made is read, where neither it nor its engine says so. Names are the engine's own:
 * columns, payload keys, metadata keys.
 */
export interface ReadAs {
  /** The column with the id of each point. Its values must differ, which is checked. */
  key?: string | undefined;
  /** The column with the tenant of each point; integers become their digits. It is no field then. */
  tenant?: string | undefined;
  /** The columns with the text and the URI of each point. They are no fields then. */
  text?: string | undefined;
  uri?: string | undefined;
  /** Columns that are left out. All others are read, or it is an error that names one. */
  omit?: readonly string[] | undefined;
}

/** How an engine keeps metadata; held by the conformance suite, part of the docs. */
export interface MetadataSupport {
  /** `native`, or how a type is encoded (it still comes back as it was); an absent type is refused with its name. */
  types: Readonly<Partial<Record<FieldType, string>>>;
  /** `kept`: null and missing come back as they were; `null`: missing comes back as null; `missing`: the reverse. */
  absence: 'kept' | 'null' | 'missing';
  /** Nested objects: kept `natively`, `flattened` into dotted fields and put together again, or `refused`. */
  nested: 'native' | 'flattened' | 'refused';
  /** Empty arrays: kept, or why not. */
  emptyArrays: 'kept' | 'missing' | 'refused';
  /** Fields that the schema does not name: kept or refused. */
  undeclared: 'kept' | 'refused';
  /** What becomes of fields that are to be filtered by, in words; absent: nothing. */
  filterIndex?: string | undefined;
  /** Longest text of a field or point, in bytes of UTF-8; absent: no documented limit. */
  maxTextBytes?: number | undefined;
}

/** Which names an engine can hold; all others are refused by name while planning. */
export interface NameRules {
  /** In UTF-8. */
  maxBytes?: number | undefined;
  /** A regular expression that the whole name matches, and the same in words. */
  pattern?: { source: string; words: string } | undefined;
  /** Names that the engine keeps for itself, as it compares them (`ignoreCase`). */
  reserved?: readonly string[] | undefined;
  ignoreCase?: boolean | undefined;
  empty: 'kept' | 'refused';
}

export type SearchableKind = 'bit' | 'int8' | 'sparse' | 'multi';

/** What an engine can do with whole points. */
export interface PointSupport {
  vectors: {
    /** Several named vectors in one point. */
    several: boolean;
    dense: readonly DenseType[];
    sparse: boolean;
    multi: boolean;
    /** Of those beside floats (f32, f16, bf16), which a search compares; all others are refused by name. None if absent. */
    searchable?: readonly SearchableKind[] | undefined;
    /** A point without one of its vectors: kept apart from an empty or zero vector, or refused. */
    absent: 'kept' | 'refused';
    /**
     * Metrics under which dense vectors do not come back bit for bit. `rounded`: kept as direction and length, with an
     * error of up to two units in the last place; `normalised`: the length is lost.
     */
    changed?: Readonly<Partial<Record<Metric, 'rounded' | 'normalised'>>> | undefined;
  };
  /** `native`: the engine's own; `field`: a column or key beside the metadata; or refused. */
  text: 'native' | 'field' | 'refused';
  uri: 'native' | 'field' | 'refused';
  tenant: 'native' | 'field' | 'refused';
  snapshot: {
    consistency: Consistency;
    /** A snapshot can be opened again by its watermark. */
    reopens: boolean;
    /** By what it is cut into ranges (`Snapshot.ranges`), in a few words; absent: it is not. */
    ranges?: string | undefined;
    /** `Snapshot.columns` is there, for collections without nested fields and of types that have columns. */
    columns?: boolean | undefined;
  };
  /** Where the engine keeps the mark of a collection that was created here, in a few words; absent: nowhere. */
  mark?: string | undefined;
  /** What can be said of collections that others made (`ReadAs`); absent: nothing. */
  readAs?: readonly (keyof ReadAs)[] | undefined;
  /**
   * By which one operation of the engine's own `insertMissing` leaves alone what is there, whoever else writes at the same time, in a
   * few words; false: the engine has none, and there is no `insertMissing`.
   */
  insertOnly: string | false;
  /** `Points.asColumns` is there, for the collections whose snapshots have columns. */
  columns?: boolean | undefined;
  /**
   * Whether connections to a server may write to one collection at the same time; `one`: they would wait for each other
   * or get in each other's way, as they do where it is absent. In a folder it is always one.
   */
  writers?: 'one' | 'several' | undefined;
  /** How changes can be followed, in a word; null: the engine has no feed. */
  changes: string | null;
}
