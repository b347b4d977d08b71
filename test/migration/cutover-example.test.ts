import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../common/paths.js';

/** Of a loaded machine. */
const PATIENCE = 400_000;
const example = join(packageRoot, 'examples/cutover-app');

test(
  'examples/cutover-app moves and goes back as its README says',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'vecproof-cutover-app-'));
    try {
      const told = execFileSync(process.execPath, [join(example, 'app.js')], {
        cwd: folder,
        encoding: 'utf8',
      });
      const readme = readFileSync(join(example, 'README.md'), 'utf8');
      const promised = /^```text\n(.*?)^```$/ms.exec(readme)![1]!;
      expect(shape(told)).toBe(shape(promised));
      expect(told).toContain('after the rollback 0');
      expect(told).toMatch(/^260 notes were touched, 0 differ; 240 in the source, 240 in the target$/m);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  PATIENCE,
);

/** Without what depends on how far the users were. */
function shape(text: string): string {
  return text
    .trim()
    .replaceAll(/\d+(\.\d+)?/g, 'n')
    .replace(/note-n/g, 'note')
    .replace('floor none', 'floor n');
}
