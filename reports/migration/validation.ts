import type { Validation } from '../../migration/validate/model.js';
import { formatCount, plural } from '../format.js';
import { columns, figure, head, type Mark, type Page, renderPage, SIGNS, type Table, text } from './page.js';

const MARKS: Readonly<Record<Validation['failOn'], Mark>> = { error: 'bad', warning: 'warn', note: 'plain' };

/** The page of a validation. */
export function validationPage(validation: Validation): string {
  return renderPage(pageOf(validation));
}

function pageOf(validation: Validation): Page {
  const { place, points, state, counts, checks, findings, failOn, target, takenAt, tool } = validation;
  const clean = checks.filter((each) => each.state === 'clean').length;
  const unchecked = checks.filter((each) => each.state === 'not-checked');
  return {
    kind: target === null ? 'Validation' : `Validation for ${target}`,
    title: place,
    state: state === 'failed' ? 'bad' : findings.length > 0 ? 'warn' : 'good',
    answer: answerOf(validation),
    figures: [
      { term: 'Points', value: formatCount(points) },
      { term: 'Errors', value: String(counts.error) },
      { term: 'Warnings', value: String(counts.warning) },
      { term: 'Notes', value: String(counts.note) },
      { term: 'Checks without a finding', value: String(clean), detail: `of ${checks.length}` },
      { term: 'Not checked', value: String(unchecked.length), detail: 'each with its reason below' },
    ],
    sections: [
      ...(findings.length === 0 ? [] : [{ title: 'Found', tables: [findingTable(validation)] }]),
      { title: 'All checks', tables: [checkTable(validation)] },
    ],
    footer: `${tool}, ${takenAt.slice(0, 16).replace('T', ' ')} UTC; fails on ${failOn === 'error' ? 'errors' : `${failOn}s and above`}`,
  };
}

function answerOf({ state, points, findings, counts }: Validation): string {
  const all = plural(points, 'point');
  if (findings.length === 0) return `${all}, and nothing was found.`;
  if (state === 'failed' && counts.error > 0)
    return `Do not load these ${all}: ${plural(counts.error, 'error')}, ${plural(counts.warning, 'warning')}.`;
  return state === 'failed'
    ? `${all} with ${plural(findings.length, 'finding')} that this check was told to fail on.`
    : `${all} can be moved; ${plural(findings.length, 'finding')} to decide on.`;
}

function findingTable({ findings }: Validation): Table {
  return {
    label: 'Found',
    columns: columns('check', 'about', '#points', 'what', 'such as', 'remedy'),
    rows: findings.map(({ check, severity, of, points, what, examples, remedy }) => ({
      mark: MARKS[severity],
      cells: [
        head(check, { sign: SIGNS[MARKS[severity]], quiet: severity }),
        text(of),
        figure(points === 0 ? '' : formatCount(points)),
        text(what),
        text(examples.join(', ')),
        text(remedy),
      ],
    })),
  };
}

function checkTable({ checks }: Validation): Table {
  const words = { found: 'found', clean: 'nothing found', 'not-checked': 'not checked' };
  const marks: Readonly<Record<Validation['checks'][number]['state'], Mark>> = {
    found: 'warn',
    clean: 'good',
    'not-checked': 'plain',
  };
  return {
    label: 'All checks',
    columns: columns('check', 'severity', 'finds', 'outcome'),
    rows: checks.map(({ check, severity, finds, state, reason }) => ({
      mark: marks[state],
      cells: [
        head(check),
        text(severity),
        text(finds),
        text(words[state], { sign: SIGNS[marks[state]], ...(reason === undefined ? {} : { quiet: reason }) }),
      ],
    })),
  };
}
