import { describe, expect, test } from 'vitest';
import { joinResults } from '../../../harness/derive/datasets.js';
import { datasetsResultsSchema, type Results } from '../../../harness/model/results.js';
import { datasetsManifest, partInput } from '../reports/datasets-fixture.js';

const manifest = datasetsManifest(['small', 'large']);
const resultsOf = (name: string, more: Partial<Results> = {}) => ({
  name,
  results: partInput(manifest, name, name === 'small' ? 100 : 5000, more).results,
});

describe('results of several datasets', () => {
  const parts = [resultsOf('small'), resultsOf('large')];
  const joined = joinResults(manifest, parts);

  test('are those of each side by side, in the order of the suite, and valid', () => {
    expect(datasetsResultsSchema.parse(joined)).toEqual(joined);
    expect(joined.datasets.map(({ name, run, dataset }) => [name, run, dataset.count])).toEqual([
      ['small', `${manifest.id}/datasets/small`, 100],
      ['large', `${manifest.id}/datasets/large`, 5000],
    ]);
    expect(joined.trials).toEqual(parts.flatMap(({ results }) => results.trials));
    const names = joined.trials.map(({ dataset, id }) => `${dataset} ${id}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test('have the run of the whole: its id, its command, from the first start to the last end', () => {
    const later = {
      ...parts[1]!.results.run,
      started: '2026-11-23T00:00:00.000Z',
      finished: '2026-11-23T01:00:00.000Z',
    };
    const { run } = joinResults(manifest, [parts[0]!, resultsOf('large', { run: later })]);
    expect(run).toMatchObject({
      id: manifest.id,
      suite: 'several',
      command: manifest.command,
      started: parts[0]!.results.run.started,
      finished: later.finished,
      state: 'completed',
    });
  });

  test('are not complete while a dataset is missing or was not finished', () => {
    expect(joinResults(manifest, [parts[0]!]).run).toMatchObject({ state: 'interrupted', finished: null });
    const failed = { ...parts[0]!.results.run, state: 'failed' as const };
    expect(joinResults(manifest, [resultsOf('small', { run: failed }), parts[1]!]).run.state).toBe('failed');
  });

  test('keep packages and native code of engines that only one of them used', () => {
    const native = {
      hnswlib: { libraries: [], instructions: null, level: null },
    } as unknown as Results['native'];
    const both = joinResults(manifest, [
      resultsOf('small', { packages: { a: '1' } }),
      resultsOf('large', { packages: { b: '2' }, ...(native && { native }) }),
    ]);
    expect(both.packages).toEqual({ a: '1', b: '2' });
    expect(both.native).toEqual(native);
    expect(joined.native).toBeUndefined();
  });
});
