import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { rehearsalSchema } from '../../../migration/rehearsal/model.js';
import { renderRehearsalPage } from '../../../reports/rehearsal-page/page.js';
import { REHEARSAL } from './rehearsal.js';

test('shows what was lost, the windows and the faults, and lets nothing of others be markup', () => {
  expect(rehearsalSchema.parse(REHEARSAL)).toEqual(REHEARSAL);
  const html = renderRehearsalPage(REHEARSAL);
  const { document } = parseHTML(html);
  expect(document.querySelectorAll('script')).toHaveLength(0);
  expect(html).not.toContain('\u001b');
  expect(document.querySelector('.answer')!.className).toBe('answer bad');
  expect(document.querySelector('#lost')!.textContent).toBe('What was lost');
  const says = [...document.querySelectorAll('.track .says')].map((each) => each.textContent);
  expect(says).toEqual(['Cut over here: 300 rows lost', 'Back to the source here: nothing lost']);
  const cells = [...document.querySelectorAll('.faults tbody tr')].map((row) =>
    [...row.querySelectorAll('td')].slice(3).map((cell) => cell.textContent),
  );
  expect(cells).toEqual([
    ['2 rows of strangers', 'nothing lost'],
    ['not measured', '1 row lost'],
  ]);
  expect(document.querySelector('.backlog')!.getAttribute('d')).toBe('M0 190L0 190L1080 40L1080 190Z');
  expect(document.querySelectorAll('.chart .fault, .chart .killed')).toHaveLength(2);
});
