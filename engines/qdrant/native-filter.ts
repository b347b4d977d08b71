import type { Filter } from '../../filters/filter.js';
import type { NativeFilter } from '../contract/search.js';
import type { NativeQuery } from './client.js';
import { type NativeCondition, translate } from './filter.js';
import { JsonText } from './http.js';
import { type Json, needsExactJson, toJson } from './json.js';
import type { Layout } from './layout.js';

/** Part of a query's body, for the official client. */
export interface FilterPart {
  filter: NativeCondition;
}

/** A filter that the client's JSON would change: the rest of the query is text beforehand. */
export class ExactFilter {
  readonly #rest: string;

  /** `body` without its vector. */
  constructor(body: object) {
    this.#rest = toJson(body as Json).slice(1);
  }

  body(query: NativeQuery): JsonText {
    return new JsonText(this.bodyOf(JSON.stringify(query)));
  }

  /** @param query as JSON */
  bodyOf(query: string): string {
    return `{"query":${query},${this.#rest}`;
  }
}

/**
 * Asked once for each filter, outside the timed region. `rest` is the query's body without vector and filter;
 * `exact`: always as text; else only where the client's JSON would change the filter.
 */
export function nativeFilter(
  filter: Filter,
  rest: object,
  made: Pick<Layout, 'own'>,
  exact: boolean,
): NativeFilter {
  const native = translate(filter, made);
  if (!exact && !needsExactJson(native)) return { filter: native } as NativeFilter;
  return new ExactFilter({ ...rest, filter: native }) as NativeFilter;
}
