import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compiledModule } from '../../common/paths.js';
import { start } from './helpers/cli.js';
import { hasProc } from './helpers/processes.js';
import { until } from './helpers/until.js';
import { Workspace } from './helpers/workspace.js';

const READING = JSON.stringify(pathToFileURL(compiledModule('common/reading.js')).href);

/** A command whose own process does, a moment after it began, what a parser of a damaged file does: nothing else of it runs. */
async function begun(body: string) {
  const work = new Workspace();
  const hook = work.write(
    'hook.mjs',
    `import { writeSync } from 'node:fs';
import { reading } from ${READING};
if (process.argv[1]?.endsWith('program.js')) setTimeout(() => {
  writeSync(2, 'begun\\n');
  ${body}
}, 500);
`,
  );
  const running = start(['list', 'engines'], {
    folder: work.folder,
    env: { NODE_OPTIONS: `--import ${pathToFileURL(hook).href}` },
  });
  let text = '';
  running.child.stderr!.on('data', (part: string) => {
    text += part;
  });
  await until('it loops', () => text.includes('begun'));
  return running;
}

const LOOP = 'for (;;);';

describe.skipIf(!hasProc)('a command whose main thread loops', () => {
  test('is ended by the second Ctrl-C', async () => {
    const running = await begun(LOOP);
    process.kill(-running.child.pid!, 'SIGINT');
    // Two within the same moment would be one.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const second = performance.now();
    process.kill(-running.child.pid!, 'SIGINT');
    const { code, stderr } = await running.ended;
    expect(performance.now() - second, 'ms').toBeLessThan(3000);
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('interrupted');
  });

  test('is ended by SIGTERM, which it cannot hear, after a moment', async () => {
    const running = await begun(LOOP);
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(130);
  });

  test('while it reads a file is ended at the deadline, as bad input', async () => {
    const running = await begun("reading('/data/m.parquet', 5083, () => { for (;;); });");
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(
      /m\.parquet: cannot be read: for 15 seconds reading it has made no progress\n {2}next: /,
    );
  }, 180_000);

  test('while it reads a file is ended before memory is', async () => {
    const body = `const held = [];
reading('/data/m.parquet', 5083, () => { for (;;) held.push(Buffer.alloc(2 ** 24, 1)); });`;
    const running = await begun(body);
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(
      /m\.parquet: cannot be read: reading its 5083 bytes takes more than 768 MiB of memory/,
    );
  });
});
