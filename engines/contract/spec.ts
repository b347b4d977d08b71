import type { ParameterSet } from '../../common/parameters.js';
import type { FieldSchema, MetadataValue } from '../../datasets/dataset.js';
import type { IdColumn, IdKind } from './ids.js';
import type { VectorColumn, VectorField } from './vectors.js';

/** What a collection is created with. What an engine cannot hold is refused by name while planning (`kit/holds`). */
export interface CollectionSpec {
  /** Exactly this name is created; nothing that is there is ever overwritten. */
  name: string;
  /** One or several; the first is the one that `index` is about and that a search uses unless it names another. */
  vectors: readonly VectorField[];
  /** One kind of ids for a collection; the original is kept and returned where the engine has to map it. */
  ids: IdKind;
  /**
   * Metadata fields; dotted names (`maker.name`) are fields of nested objects. `filterable`: filters name it, and it gets an
   * index of its own where the engine has such indexes (`MetadataSupport.filterIndex`).
   */
  fields: readonly (FieldSchema & { filterable?: boolean | undefined })[];
  /** Points have a text, a URI, a tenant. */
  text?: boolean | undefined;
  uri?: boolean | undefined;
  tenant?: boolean | undefined;
  /** Points that will be loaded; undefined: not known. */
  capacity?: number | undefined;
  /** As `parseOptions` completed it. */
  index: ParameterSet;
  /** Who makes it, kept by the engine in its mark (`Mark.by`) as far as it has a place for one. */
  madeBy?: string | undefined;
}

/** Columnar points with ids that are not there yet. The engine must not keep its arrays: they are used again. */
export interface LoadBatch {
  /** Points loaded before this batch. */
  start: number;
  count: number;
  ids: IdColumn;
  /** By name of `CollectionSpec.vectors`. */
  vectors: Readonly<Record<string, VectorColumn>>;
  /**
   * One column for each of `CollectionSpec.fields`, `count` values each: null where a point has null, undefined where
   * the field is missing. Absent where the collection has no fields.
   */
  metadata?: Readonly<Record<string, readonly (MetadataValue | undefined)[]>> | undefined;
  texts?: readonly (string | undefined)[] | undefined;
  uris?: readonly (string | undefined)[] | undefined;
  tenants?: readonly (string | undefined)[] | undefined;
}
