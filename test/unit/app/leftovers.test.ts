import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { foldersOf } from '../../../harness/app/context.js';
import { leftovers } from '../../../harness/app/leftovers.js';
import type { DatasetsManifest } from '../../../harness/model/manifest.js';
import { createDatasetsFolder, createPartFolder, type RunFolder } from '../../../harness/store/run-folder.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'vecproof-leftovers-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const find = (clean = false) =>
  leftovers(
    {
      ...foldersOf(home),
      cwd: home,
      env: {},
      signal: new AbortController().signal,
      hide: () => undefined,
      onEvent: () => undefined,
    },
    clean,
    // That of the machine holds what tests of kills left.
    home,
  );

/** A run over three datasets, of which none was begun. */
function parent(): RunFolder {
  const folder = createDatasetsFolder(join(home, '.runs'), 'three', new Date());
  const manifest: DatasetsManifest = {
    schema: 1,
    id: folder.id,
    vecproof: '0',
    created: new Date().toISOString(),
    command: 'vecproof run three.yaml',
    suite: { name: 'three', path: 'three.yaml', text: '', description: null },
    suiteFile: '/three.yaml',
    options: {},
    datasets: ['a', 'b', 'c'].map((name) => ({ name, folder: `datasets/${name}` })),
  };
  writeFileSync(folder.manifest, JSON.stringify(manifest));
  return folder;
}

/** Begins a part, and ends it in a state where one is given. */
function begin(run: RunFolder, name: string, state?: 'completed' | 'interrupted'): RunFolder {
  const part = createPartFolder(join(run.path, 'datasets', name));
  rmSync(part.work, { recursive: true });
  writeFileSync(part.manifest, '{}');
  const log = ['{"type":"runBegin","time":"","resumed":false}'];
  if (state !== undefined) log.push(`{"type":"runEnd","time":"","state":"${state}"}`);
  writeFileSync(part.events, `${log.join('\n')}\n`);
  return part;
}

describe('what is left of a run over several datasets', () => {
  test('one whose later datasets never began is named, with how to continue the whole', () => {
    const run = parent();
    begin(run, 'a', 'completed');
    expect(find()).toEqual([
      {
        what: `run ${run.id}`,
        state: 'note',
        detail: `ended before 2 of its datasets were measured; continue it with "vecproof run --resume .runs/${run.id}"`,
      },
    ]);
    begin(run, 'b', 'completed');
    expect(find()[0]!.detail).toMatch(/^ended before its last dataset was measured/);
    begin(run, 'c', 'completed');
    expect(find()).toEqual([]);
  });

  test('one that broke off in a dataset did not end; one that someone interrupted is no finding', () => {
    const run = parent();
    begin(run, 'a');
    expect(find().map(({ what, detail }) => [what, detail.split(';')[0]])).toEqual([
      [`run ${run.id}`, 'did not end'],
    ]);
    begin(run, 'a', 'interrupted');
    expect(find()).toEqual([]);
  });

  test('what a kill left in it and in its parts is removed, and each path named once', () => {
    const run = parent();
    const part = begin(run, 'a');
    mkdirSync(part.work);
    // No process has this number.
    for (const { lock } of [run, part]) writeFileSync(lock, '4194305 \n');
    const torn = join(part.samples, '.tmp-4194305-x');
    writeFileSync(torn, 'half');

    expect(find()).toMatchObject([{ what: `run ${run.id}`, fix: 'vecproof doctor --clean' }]);
    expect(existsSync(part.work)).toBe(true);
    const [{ removed } = {}, ...more] = find(true);
    expect(more).toEqual([]);
    const inside = `.runs/${run.id}/datasets/a`;
    expect(removed!.sort()).toEqual(
      [`.runs/${run.id}/lock`, `${inside}/lock`, `${inside}/work`, `${inside}/samples/.tmp-4194305-x`].sort(),
    );
    for (const path of [part.work, part.lock, run.lock, torn]) expect(existsSync(path), path).toBe(false);
  });

  test('one in progress is nobody’s to touch', () => {
    const run = parent();
    const part = begin(run, 'a');
    mkdirSync(part.work);
    writeFileSync(run.lock, `${process.pid} \n`);
    expect(find(true)).toEqual([]);
    expect(existsSync(part.work)).toBe(true);
  });
});
