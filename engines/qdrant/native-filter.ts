import type { Filter } from '../../filters/filter.js';
import type { NativeFilter } from '../contract/search.js';
import { type NativeCondition, translate } from './filter.js';
import { JsonText } from './http.js';
import { type Json, needsExactJson, toJson } from './json.js';

/** Part of a query's body, for the official client. */
export interface FilterPart {
  filter: NativeCondition;
}

/** A filter that the client's JSON would change: the rest of the query is text beforehand. */
export class ExactFilter {
  readonly #rest: string;

  constructor(body: { readonly [key: string]: Json }) {
    this.#rest = toJson(body).slice(1);
  }

  body(query: readonly number[]): JsonText {
    return new JsonText(`{"query":${JSON.stringify(query)},${this.#rest}`);
  }
}

/** Asked once for each filter, outside the timed region. `rest` is the query's body without vector and filter. */
export function nativeFilter(filter: Filter, rest: object): NativeFilter {
  const native = translate(filter);
  if (!needsExactJson(native)) return { filter: native } as NativeFilter;
  return new ExactFilter({ ...rest, filter: native } as { readonly [key: string]: Json }) as NativeFilter;
}
