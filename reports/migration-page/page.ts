import { packageInfo } from '../../common/paths.js';
import { visible } from '../../common/visible.js';
import type { Figure, Table } from '../../migration/plan/stage.js';
import type { MigrationView, StageView } from '../../migration/plan/view.js';
import { formatCount } from '../format.js';
import { styleOf, templateOf, withTexts } from '../page-template.js';

/**
 * Where a migration stands, as one HTML file: no network, no script, readable on a phone and on paper.
 * Texts of data and engines are escaped, control characters shown as pictures.
 */
export function renderMigrationPage(view: MigrationView): string {
  return templateOf('migration-page/assets/page.hbs')({
    title: `Migration ${view.name}`,
    style: styleOf('migration-page/assets/page.css'),
    ...withTexts(view, visible),
    kind:
      view.state === 'ready' || view.state === 'finished'
        ? 'good'
        : view.state === 'failed'
          ? 'bad'
          : view.state === 'waiting'
            ? 'wait'
            : 'open',
    stages: view.stages.map(stageView),
    footer: visible(`vecproof ${packageInfo().version}, plan ${view.plan}, sha256 ${view.sha256}`),
  });
}

const STATES: Readonly<Record<StageView['state'], { word: string; sign: string; kind: string }>> = {
  done: { word: 'done', sign: '✓', kind: 'good' },
  waiting: { word: 'waits for a decision', sign: '?', kind: 'wait' },
  'under-way': { word: 'under way', sign: '…', kind: 'wait' },
  failed: { word: 'failed', sign: '✗', kind: 'bad' },
  distrusted: { word: 'not believed', sign: '✗', kind: 'bad' },
  interrupted: { word: 'under way or interrupted', sign: '…', kind: 'open' },
  changed: { word: 'to be run again', sign: '↻', kind: 'open' },
  edited: { word: 'edited, to be looked at again', sign: '↻', kind: 'open' },
  again: { word: 'to be run again', sign: '↻', kind: 'open' },
  pending: { word: 'not begun', sign: '·', kind: 'quiet' },
};

function stageView(stage: StageView) {
  const { state, says, why, startedAt, seconds, attempts, evidence, figures, tables, links } = stage;
  return {
    ...withTexts(stage, visible),
    ...STATES[state],
    says: says === undefined ? undefined : visible(says),
    why: state === 'done' || state === 'waiting' || why === undefined ? undefined : visible(why),
    when: startedAt?.slice(0, 19).replace('T', ' '),
    took: seconds === undefined ? undefined : duration(seconds),
    attempts: attempts > 1 ? attempts : undefined,
    evidence: evidence.map((each) => ({ ...each, file: visible(each.file), bytes: formatCount(each.bytes) })),
    figures: figures.map(figureView),
    tables: tables.map(tableView),
    links: links.map(({ words, file }) => ({
      words: visible(words),
      href: file.split('/').map(encodeURIComponent).join('/'),
    })),
    hasDetail: figures.length + tables.length + evidence.length > 0,
  };
}

function figureView({ term, value, detail }: Figure) {
  return {
    term: visible(term),
    value: cell(value),
    detail: detail === undefined ? undefined : visible(detail),
  };
}

function tableView({ title, open = false, columns, rows }: Table) {
  return {
    title: visible(title),
    open,
    count: formatCount(rows.length),
    columns: columns.map(visible),
    rows: rows.map((row) => row.map((value) => ({ text: cell(value), number: typeof value === 'number' }))),
  };
}

function cell(value: string | number): string {
  return typeof value === 'number' ? formatCount(value) : visible(value);
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}
