import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import type { MigrationView } from '../../../migration/plan/view.js';
import { renderMigrationPage } from '../../../reports/migration-page/page.js';

const HOSTILE = '<script>alert(1)</script>"\'&\u001b[31m';

/** A migration in which everything that comes from others is hostile. */
const VIEW: MigrationView = {
  name: 'move',
  description: HOSTILE,
  plan: HOSTILE,
  sha256: '0'.repeat(64),
  folder: '/nowhere',
  source: `pgvector:./a#${HOSTILE}`,
  target: `lancedb:./b#${HOSTILE}`,
  state: 'waiting',
  answer: `Map waits. ${HOSTILE}`,
  goingBack: 'Nothing is lost.',
  stages: [
    {
      name: 'map',
      title: 'Map',
      does: 'maps',
      entry: 'a',
      exit: 'b',
      state: 'waiting',
      why: 'a decision is awaited',
      startedAt: '2026-11-28T06:00:00.000Z',
      endedAt: '2026-11-28T06:00:01.000Z',
      seconds: 3671,
      attempts: 2,
      evidence: [{ file: HOSTILE, sha256: 'f'.repeat(64), bytes: 1234567, intact: false }],
      says: HOSTILE,
      figures: [{ term: HOSTILE, value: 1234567, detail: HOSTILE }],
      tables: [{ title: HOSTILE, open: true, columns: [HOSTILE], rows: [[HOSTILE], [7]] }],
      links: [{ words: HOSTILE, file: `runs/${HOSTILE}/report.html` }],
    },
  ],
  decisions: [
    {
      stage: 'map',
      id: 'loss:x',
      subject: '1'.repeat(64),
      words: HOSTILE,
      details: [HOSTILE],
      command: `vecproof migrate '${HOSTILE}' --accept loss:x --reason "…"`,
    },
  ],
  groups: [],
  accepted: [
    {
      type: 'accepted',
      time: '2026-11-28T06:00:00.000Z',
      stage: 'map',
      decision: 'loss:y',
      subject: '2'.repeat(64),
      words: HOSTILE,
      reason: HOSTILE,
      by: HOSTILE,
    },
  ],
};

describe('the page of a migration', () => {
  const html = renderMigrationPage(VIEW);
  const { document } = parseHTML(html);

  test('holds texts of data as texts, and no script', () => {
    expect(document.querySelectorAll('script')).toHaveLength(0);
    expect(html).not.toContain('<script>alert');
    expect(html).not.toContain('\u001b');
    const policy = document
      .querySelector('meta[http-equiv="Content-Security-Policy"]')!
      .getAttribute('content');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('script-src');
    expect(document.querySelector('.what')!.textContent).toContain('<script>alert(1)</script>');
  });

  test('says what is awaited with its command, what was decided by whom, and what is not believed', () => {
    expect(document.querySelector('.card code')!.textContent).toContain('--accept loss:x --reason');
    expect(document.querySelector('#record')).not.toBeNull();
    expect(document.body.textContent).toContain('waits for a decision');
    expect(document.body.textContent).toContain('not as it was written');
    expect(document.body.textContent).toContain('1 h 1 min');
    expect(document.body.textContent).toContain('1\u202f234\u202f567');
  });
});
