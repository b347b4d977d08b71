import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { foldersOf } from '../../../harness/app/context.js';
import { judgeDatasets } from '../../../harness/app/judge-datasets.js';
import type { DerivedRun } from '../../../harness/derive/run.js';
import { writeDatasetsManifest, writeManifest } from '../../../harness/store/manifests.js';
import { createDatasetsFolder, createPartFolder } from '../../../harness/store/run-folder.js';
import { readVerdicts } from '../../../harness/store/verdicts.js';
import { datasetsManifest, partInput } from '../reports/datasets-fixture.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'vecproof-judge-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const NAMES = ['small', 'large'];

/** A stored run over two datasets whose suite has these gates. */
function storedRun(gates: string): DerivedRun {
  const folder = createDatasetsFolder(join(home, '.runs'), 'several', new Date());
  const text = `version: 1\nname: several\nk: [1, 10]\n${gates}`;
  const manifest = { ...datasetsManifest(NAMES), id: folder.id };
  manifest.suite = { ...manifest.suite, text };
  writeDatasetsManifest(folder, manifest);
  const parts = NAMES.map((name) => {
    const part = createPartFolder(join(folder.path, 'datasets', name));
    const input = partInput(manifest, name, 1000);
    writeManifest(part, { ...input.manifest, partOf: { run: folder.id, datasets: NAMES } });
    const derived = { results: input.results } as DerivedRun['parts'][number]['derived'];
    return { name, folder: part, derived };
  });
  return { folder, suite: 'several', parts, several: manifest };
}

const judge = (run: DerivedRun, baseline?: string) =>
  judgeDatasets(
    run,
    { baseline },
    {
      ...foldersOf(home),
      cwd: home,
      env: {},
      signal: new AbortController().signal,
      hide: () => undefined,
      onEvent: () => undefined,
    },
  );

describe('gates of a run over several datasets', () => {
  test('are judged on each dataset, or on the one that they select', async () => {
    const run = storedRun(
      'gates:\n  recall@10: mean >= 0.1\n  recall@10{dataset:large}: mean >= 1\n  errors: total == 0\n',
    );
    const verdicts = await judge(run);
    expect(verdicts!.verdicts.map(({ dataset, name, state }) => [dataset, name, state])).toEqual([
      ['small', 'recall@10: mean >= 0.1', 'pass'],
      ['small', 'errors: total == 0', 'pass'],
      ['large', 'recall@10: mean >= 0.1', 'pass'],
      ['large', 'recall@10{dataset:large}: mean >= 1', 'fail'],
      ['large', 'errors: total == 0', 'pass'],
    ]);
    expect(verdicts).toMatchObject({ run: run.folder.id, outcome: 'failed', baseline: null });
    expect(readVerdicts(run.folder)).toEqual(verdicts);
    expect(run.parts.map(({ folder }) => readVerdicts(folder)!.outcome)).toEqual(['passed', 'failed']);
  });

  test('that select one dataset leave the others unjudged', async () => {
    const run = storedRun('gates:\n  recall@10{dataset:small}: mean >= 0.1\n');
    const verdicts = await judge(run);
    expect(verdicts!.verdicts.map(({ dataset }) => dataset)).toEqual(['small']);
    expect(verdicts!.outcome).toBe('passed');
    expect(readVerdicts(run.parts[1]!.folder)).toBeUndefined();
  });

  test('that are none give no verdicts and no file', async () => {
    const run = storedRun('');
    expect(await judge(run)).toBeUndefined();
    expect(existsSync(run.folder.verdicts)).toBe(false);
  });

  test('refuse a baseline that none of them compares with', async () => {
    const run = storedRun('gates:\n  recall@10: mean >= 0.1\n');
    await expect(judge(run, 'main')).rejects.toThrow('no gate compares with one');
  });
});
