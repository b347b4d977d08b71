import { InputError } from '../../common/errors.js';
import { type Fault, faultText, placeFault } from '../../common/faults.js';
import type { DatasetInfo, QuerySet } from '../../datasets/dataset.js';
import { type Chosen, chooseQueries } from '../../harness/app/choose-queries.js';
import { NO_ROW, type Truth } from '../../harness/model/samples.js';

/**
 * The queries of a file, checked against the source's fields.
 * @throws SuiteError, InputError with every fault and its line
 */
export function queriesFrom(
  info: DatasetInfo,
  none: QuerySet,
  file: { path: string; shown: string },
  k: number,
  warnings: string[],
): Chosen {
  const grouping = {
    file,
    filters: [],
    fields: [],
    maxK: k,
    fail: (faults: readonly Fault[]) =>
      new InputError(faults.map((fault) => faultText(placeFault(file.shown, fault))).join('\n')),
  };
  const choice = { set: undefined, limit: undefined, seed: undefined, lenient: false };
  return chooseQueries(info, none, { ...choice, grouping }, warnings);
}

/** Some of the queries, in their order. */
export function onlyThese(chosen: Chosen, keep: readonly number[], dimensions: number): Chosen {
  const queries = new Float32Array(keep.length * dimensions);
  for (const [i, at] of keep.entries())
    queries.set(chosen.queries.subarray(at * dimensions, (at + 1) * dimensions), i * dimensions);
  return {
    ...chosen,
    count: keep.length,
    ids: keep.map((at) => chosen.ids[at]!),
    queries,
    grouped: chosen.grouped && keep.map((at) => chosen.grouped![at]!),
    sources: Int32Array.from(keep, (at) => chosen.sources[at]!),
  };
}

export function truthOfThese(truth: Truth, keep: readonly number[]): Truth {
  const { depth } = truth;
  const rows = new Int32Array(keep.length * depth).fill(NO_ROW);
  const distances = new Float64Array(keep.length * depth);
  for (const [i, at] of keep.entries()) {
    rows.set(truth.rows.subarray(at * depth, (at + 1) * depth), i * depth);
    distances.set(truth.distances.subarray(at * depth, (at + 1) * depth), i * depth);
  }
  const matches = truth.matches && Int32Array.from(keep, (at) => truth.matches![at]!);
  return { ...truth, count: keep.length, rows, distances, ...(matches && { matches }) };
}
