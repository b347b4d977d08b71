import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compiledModule } from '../../common/paths.js';
import { start } from './helpers/cli.js';
import { hasProc } from './helpers/processes.js';
import { until } from './helpers/until.js';
import { Workspace } from './helpers/workspace.js';

const READING = JSON.stringify(pathToFileURL(compiledModule('common/reading.js')).href);

/** A suite whose engine, when it is loaded, does what a parser of a damaged file does: nothing of the command runs meanwhile. */
function stuck(body: string): Workspace {
  const work = new Workspace();
  work.write(
    'engine.mjs',
    `import { writeSync } from 'node:fs';
import { reading } from ${READING};
writeSync(2, 'begun\\n');
${body}
`,
  );
  work.write('points.jsonl', '{"id":"a","vector":[0,1]}\n');
  work.write('points.queries.jsonl', '{"id":"q","vector":[0,1]}\n');
  work.write(
    'suite.yaml',
    'version: 1\nname: stuck\ndataset: ./points.jsonl\nk: 1\nengines: [{ use: ./engine.mjs }]\n',
  );
  return work;
}

async function begun(work: Workspace) {
  const running = start(['run', 'suite.yaml'], work);
  let text = '';
  running.child.stderr!.on('data', (part: string) => {
    text += part;
  });
  await until('the engine is loaded', () => text.includes('begun'));
  return running;
}

const LOOP = 'for (;;);';

describe.skipIf(!hasProc)('a command whose main thread loops', () => {
  test('is ended by the second Ctrl-C', async () => {
    const running = await begun(stuck(LOOP));
    process.kill(-running.child.pid!, 'SIGINT');
    process.kill(-running.child.pid!, 'SIGINT');
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('interrupted');
  });

  test('is ended by SIGTERM, which it cannot hear, after a moment', async () => {
    const running = await begun(stuck(LOOP));
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(130);
  });

  test('while it reads a file is ended at the deadline, as bad input', async () => {
    const running = await begun(stuck("reading('/data/m.parquet', 5083, () => { for (;;); });"));
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(
      /m\.parquet: cannot be read: for 15 seconds reading it has made no progress\n {2}next: /,
    );
  }, 180_000);

  test('while it reads a file is ended before memory is', async () => {
    const body = `const held = [];
reading('/data/m.parquet', 5083, () => { for (;;) held.push(Buffer.alloc(2 ** 24, 1)); });`;
    const running = await begun(stuck(body));
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(
      /m\.parquet: cannot be read: reading its 5083 bytes takes more than 768 MiB of memory/,
    );
  });
});
