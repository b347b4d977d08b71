import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { renderMonitorPage } from '../../../reports/monitor/page.js';
import { monitorView } from './view.js';

const HOSTILE = `<script>alert(1)</script><img src=x onerror=alert(1)>"'&\u001b[31m\u202e`;

test('texts of others are inert, in each place of the page', () => {
  for (const nonce of [undefined, 'n0nce']) {
    const html = renderMonitorPage(monitorView(HOSTILE), nonce);
    const { document } = parseHTML(html);
    expect(document.querySelectorAll('script')).toHaveLength(nonce === undefined ? 0 : 1);
    expect(document.querySelectorAll('img')).toHaveLength(0);
    expect(html).not.toContain('\u001b');
    expect(html).not.toContain('\u202e');
    expect(document.body.textContent).toContain('<script>alert(1)</script>');
  }
});

test('verdicts, alerts with their command, and what is not measured are told apart without colour', () => {
  const { document } = parseHTML(renderMonitorPage(monitorView()));
  const rows = [...document.querySelectorAll('main table tbody tr')].map((row) => row.textContent ?? '');
  expect(rows.find((row) => row.includes('Overlap with the source'))).toMatch(
    /✗.*not kept.*at least 0\.9.*0\.710/s,
  );
  expect(rows.find((row) => row.includes('Application: click'))).toMatch(/!.*not measured.*posted none/s);
  expect(document.querySelector('#alert-overlap-1 .command')?.textContent).toBe(
    'vecproof monitor plan.yaml --replay overlap-1',
  );
  // The newest first.
  expect(document.querySelector('.alerts li')?.id).toBe('alert-overlap-2');
  // A round without a value is a gap: two lines of the target.
  const [overlap] = document.querySelectorAll('figure svg');
  expect(overlap!.querySelectorAll('.line-target')).toHaveLength(2);
  expect(overlap!.getAttribute('aria-label')).toContain('0.950 in the last of 4 rounds');
});
