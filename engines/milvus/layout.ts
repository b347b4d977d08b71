import type { FieldSchema } from '../../datasets/dataset.js';
import type { IdKind } from '../contract/ids.js';
import type { ReadAs } from '../contract/points.js';
import type { CollectionSpec } from '../contract/spec.js';
import type { VectorField } from '../contract/vectors.js';
import type { CollectionField } from './client.js';
import { ID, TENANT, TEXT, URI, vectorColumnName } from './fields.js';

/** What a collection is, from its description where it was created here, else from the server. */
export interface Layout extends Pick<CollectionSpec, 'name' | 'text' | 'uri' | 'tenant' | 'index'> {
  /** Created here: others' collections are only read. */
  own: boolean;
  ids: IdKind;
  /** Column of the key. */
  key: string;
  vectors: readonly VectorField[];
  /** Column of each vector, by its name. */
  columns: ReadonlyMap<string, string>;
  /** Fields that can be filtered with their exact meaning. */
  fields: readonly FieldSchema[];
  /** Columns that hold the metadata of collections of others. */
  scalars: readonly CollectionField[];
  /** Keys beyond the columns are kept under `$meta`. */
  dynamic: boolean;
  /** How a collection of others is read. */
  as: ReadAs;
}

/** What a collection was created with and the server does not keep: in the collection's description, as JSON. */
type Kept = Pick<
  CollectionSpec,
  'ids' | 'vectors' | 'fields' | 'text' | 'uri' | 'tenant' | 'index' | 'madeBy'
>;
const VERSION = 1;

export function descriptionOf(spec: CollectionSpec): string {
  const { ids, vectors, fields, text, uri, tenant, index, madeBy } = spec;
  const kept: Kept = { ids, vectors, fields, text, uri, tenant, index, madeBy };
  return JSON.stringify({ vecproof: VERSION, ...kept });
}

export function keptIn(description: string): Kept | undefined {
  return description.startsWith(`{"vecproof":${VERSION},`) ? (JSON.parse(description) as Kept) : undefined;
}

export function layoutOf(name: string, kept: Kept): Layout {
  const columns = kept.vectors.map((each) => [each.name, vectorColumnName(each.name, kept.fields)] as const);
  return {
    ...kept,
    name,
    own: true,
    key: ID,
    columns: new Map(columns),
    scalars: [],
    dynamic: false,
    as: {},
  };
}

/** Columns of text, URI and tenant that a collection has. */
export function partsOf({ text, uri, tenant }: Pick<Layout, 'text' | 'uri' | 'tenant'>) {
  const all = { text: TEXT, uri: URI, tenant: TENANT } as const;
  const has = { text, uri, tenant };
  return (Object.keys(all) as (keyof typeof all)[])
    .filter((part) => has[part] === true)
    .map((part) => ({ part, column: all[part] }));
}
