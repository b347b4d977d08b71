import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { events } from './helpers/log.js';
import { Workspace } from './helpers/workspace.js';

const SECRET = 'hunter2-s3cr3t';
const VARIABLE = `$\{TOKEN}`;

/** A suite that needs the secret: in a path, a label and its description. */
const SUITE = `version: 1
name: secrets
description: made with \${TOKEN}
dataset: { path: "./\${TOKEN}/points.npy", metric: l2 }
repeat: 1
warmup: 0
engines:
  - use: usearch
    label: mine \${TOKEN}
    index: { m: 8 }
    search: { ef: [16, 32] }
`;

function workspace(): Workspace {
  const work = new Workspace();
  work.write(`${SECRET}/points.npy`, npy(randomVectors(200, 8)));
  work.write(`${SECRET}/points.queries.npy`, npy(randomVectors(20, 8, 2)));
  work.write('suite.yaml', SUITE);
  return work;
}

/** Names and contents of the files below a folder that hold the secret. Parquet is searched as it is, too. */
function leaks(work: Workspace, below: string): string[] {
  return work
    .files(below)
    .filter((path) => path.includes(SECRET) || readFileSync(join(work.folder, path)).includes(SECRET));
}

test('the value of a variable is in no file of the run and in no output', async () => {
  const work = workspace();
  const place = { folder: work.folder, env: { TOKEN: SECRET } };
  const outcomes = [await vecproof(['run', 'suite.yaml'], place)];
  expect(outcomes[0]!.code, outcomes[0]!.stderr).toBe(0);
  outcomes.push(await vecproof(['run', 'suite.yaml', '--dry-run'], place));
  outcomes.push(await vecproof(['report', 'latest', '--json'], place));
  outcomes.push(await vecproof(['list', 'runs'], place));
  outcomes.push(await vecproof(['run', '--resume', 'latest'], place));
  for (const { code, stdout, stderr } of outcomes) {
    expect(code, stderr).toBe(0);
    expect(stdout + stderr).not.toContain(SECRET);
  }
  expect(leaks(work, '.runs')).toEqual([]);
  expect(leaks(work, '.cache')).toEqual([]);
  expect(work.read('manifest.json'), 'but it says which variable was used').toContain(VARIABLE);
});

test('the value is hidden in what an engine, a dataset or the suite’s faults say', async () => {
  const work = workspace();
  const place = { folder: work.folder, env: { TOKEN: SECRET } };
  work.write('wrong.yaml', SUITE.replace('m: 8', `m: "${VARIABLE}"`));
  const wrong = await vecproof(['run', 'wrong.yaml'], place);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('wrong.yaml:10:17 engines[0].index.m');
  expect(wrong.stderr).not.toContain(SECRET);

  work.write('gone.yaml', SUITE.replace('points.npy', 'gone.npy'));
  const gone = await vecproof(['run', 'gone.yaml'], place);
  expect(gone.code).toBe(2);
  expect(gone.stderr).toContain(`${VARIABLE}/gone.npy`);
  expect(gone.stderr).not.toContain(SECRET);
});

test('continuing without the variable is bad input that names it', async () => {
  const work = workspace();
  const first = await vecproof(['run', 'suite.yaml'], { folder: work.folder, env: { TOKEN: SECRET } });
  expect(first.code, first.stderr).toBe(0);
  const before = events(work).length;
  const { code, stderr } = await vecproof(['run', '--resume', 'latest'], work);
  expect(code).toBe(2);
  expect(stderr).toContain('TOKEN, which is not set');
  expect(events(work)).toHaveLength(before);
});
