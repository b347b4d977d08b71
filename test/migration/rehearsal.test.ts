import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeFileAtomic } from '../../common/files.js';
import { packageRoot } from '../../common/paths.js';
import { bundledData } from '../../migration/rehearsal/data.js';
import { FAULTS } from '../../migration/rehearsal/faults/catalogue.js';
import { CATCHERS } from '../../migration/rehearsal/faults/planting.js';
import { type Rehearsal, rehearsalSchema } from '../../migration/rehearsal/model.js';
import { DEFAULT_MIX } from '../../migration/rehearsal/operations.js';
import { RESULT, rehearse } from '../../migration/rehearsal/rehearse.js';
import { WINDOW_NAMES } from '../../migration/rehearsal/windows.js';
import { renderRehearsalPage } from '../../reports/rehearsal-page/page.js';

/** One of each kind; `VECPROOF_FAULTS=all` plants every one. */
const PLANTED = process.env['VECPROOF_FAULTS']?.split(',') ?? [
  'crash-in-step@backfill',
  'newer-update',
  'crash-between-writes@replay',
  'lost-delete@replay',
  'duplicated-events@replay',
  'embedding-version@replay',
  'stranger@verify',
  'target-down@ramp',
  'deletes-return@observe',
  'target-only-writes@rollback',
];
const MINUTES = 60_000;

let home: string;
let rehearsal: Rehearsal;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'vecproof-rehearsal-'));
  const folder = join(home, 'rehearsal');
  const signal = new AbortController().signal;
  const place = (engine: string, side: string) => ({
    ...{ engine, address: join(folder, side), collection: 'scratch' },
    index: { type: 'flat' },
  });
  rehearsal = await rehearse({
    name: 'test',
    folder,
    places: { source: place('pgvector', 'source'), target: place('lancedb', 'target') },
    data: await bundledData(60, join(home, 'cache'), signal),
    faults: PLANTED,
    traffic: { writes: 50, reads: 50, embeddingLag: 20, clients: 4, mix: DEFAULT_MIX },
    seed: 7,
    signal,
    patienceMs: 3 * MINUTES,
    onProgress: () => {},
  });
}, 15 * MINUTES);
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('a rehearsal from PostgreSQL to LanceDB, with faults', () => {
  test('loses nothing, and every fault was noticed', () => {
    expect(rehearsal.faults.filter(({ state }) => state === 'missed')).toEqual([]);
    expect([rehearsal.state, rehearsal.lost]).toEqual(['safe', []]);
    expect(rehearsal.faults.map(({ after }) => after)).toEqual(rehearsal.faults.map(() => ({})));
    expect(rehearsal.faults.length).toBeGreaterThanOrEqual(10);
  });

  test('goes through every gate, and tells what each window would have lost', () => {
    expect(rehearsal.windows.map(({ window }) => window)).toEqual([...WINDOW_NAMES]);
    for (const { entry, exit, ifBack } of rehearsal.windows) {
      expect([entry.state, exit.state]).toEqual(['open', 'open']);
      expect(ifBack, 'the source has everything at any time').toEqual({});
    }
    const [capture, , , replay] = rehearsal.windows;
    expect(capture!.ifCutOver.lost, 'the target is empty').toBeGreaterThanOrEqual(50);
    expect(replay!.exit.found).toContain('nothing is missing');
  });

  test('tells what would have been lost without what noticed it', () => {
    const of = (fault: string) => rehearsal.faults.find((each) => each.fault === fault)!;
    expect(of('newer-update').wouldHaveLost!.older).toBeGreaterThanOrEqual(1);
    expect(of('newer-update').wouldHaveLost!.deleted).toBeGreaterThanOrEqual(1);
    expect(of('lost-delete').wouldHaveLost!.deleted).toBeGreaterThanOrEqual(1);
    expect(of('target-only-writes').wouldHaveLost!.older).toBeGreaterThanOrEqual(1);
    expect(of('stranger').wouldHaveLost!.stranger).toBeGreaterThanOrEqual(1);
    expect(rehearsal.windows.find(({ window }) => window === 'ramp')!.wentBack.length).toBeGreaterThanOrEqual(
      1,
    );
    expect(rehearsal.timeline.filter(({ kind }) => kind === 'killed').length).toBeGreaterThanOrEqual(2);
  });

  test('is in a file of its schema, and on a page that can be read', () => {
    const text = readFileSync(join(home, 'rehearsal', RESULT), 'utf8');
    expect(rehearsalSchema.parse(JSON.parse(text))).toEqual(rehearsal);
    const { document } = parseHTML(renderRehearsalPage(rehearsal));
    expect(document.querySelector('.answer')!.textContent).toBe(rehearsal.answer);
    expect(document.querySelectorAll('.track li')).toHaveLength(WINDOW_NAMES.length);
    expect(document.querySelectorAll('.faults tbody tr')).toHaveLength(rehearsal.faults.length);
    expect(document.querySelector('.chart .share')!.getAttribute('d')).toMatch(
      /^M[\d.]+ [\d.]+(H[\d.]+V[\d.]+)+$/,
    );
    expect(document.querySelectorAll('script')).toHaveLength(0);
  });

  test('notices what docs/rehearsal.md says is noticed', () => {
    const path = join(packageRoot, 'docs/rehearsal.md');
    const page = readFileSync(path, 'utf8');
    const rows = tableOf(page);
    if (process.env['VECPROOF_WRITE_DOCS'] !== undefined) {
      expect(PLANTED).toEqual(['all']);
      writeFileAtomic(
        path,
        page.replace(TABLE, () => `\n${written(rehearsal)}`),
        { shared: true },
      );
      return;
    }
    expect(rows.map(([fault, window]) => `${fault}@${window}`)).toEqual(
      FAULTS.flatMap(({ name, windows }) => windows.map((window) => `${name}@${window}`)),
    );
    for (const { fault, window, caughtBy } of rehearsal.faults) {
      const [, , told = ''] = rows.find((row) => row[0] === fault && row[1] === window)!;
      expect(
        caughtBy.map(({ by }) => by).some((by) => told.includes(by)),
        `${fault}@${window}: ${told}`,
      ).toBe(true);
    }
    for (const [, , told = ''] of rows)
      for (const by of told.split(', ')) expect(Object.keys(CATCHERS)).toContain(by);
  });
});

const TABLE = /(?<=<!-- faults: written by the tests -->)[\s\S]*(?=<!-- end of faults -->)/;

function tableOf(page: string): string[][] {
  const lines = TABLE.exec(page)![0]
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  return lines.map((line) => {
    const [fault, window, told] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`([^`]*)`.*/, '$1'));
    return [fault!, window!, told!];
  });
}

function written({ faults }: Rehearsal): string {
  const rows = FAULTS.flatMap(({ name, title, windows }) =>
    windows.map((window) => {
      const found = faults.find((each) => each.fault === name && each.window === window)!;
      const by = [...new Set(found.caughtBy.map((each) => each.by))].join(', ');
      return `| \`${name}\`: ${title} | ${window} | ${by} |\n`;
    }),
  );
  return `| fault | window | noticed by |\n| --- | --- | --- |\n${rows.join('')}`;
}
