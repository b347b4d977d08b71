import type { Verification } from '../../migration/verify/verify.js';
import { formatCount, plural } from '../format.js';
import { columns, figure, head, type Mark, type Page, renderPage, SIGNS, type Table, text } from './page.js';

type Verified = Verification & { mapping?: string };

/** The page of a verification. */
export function verificationPage(verification: Verified): string {
  return renderPage(pageOf(verification));
}

function pageOf(verification: Verified): Page {
  const { state, source, target, counts, accepted, samples, findings, tenants, mapping } = verification;
  return {
    kind: 'Verification',
    title: `${source.place} → ${target.place}`,
    state: state === 'equal' ? 'good' : 'bad',
    answer: answerOf(verification),
    figures: [
      { term: 'Matching', value: formatCount(counts.matching) },
      { term: 'Mismatched', value: formatCount(counts.mismatched) },
      { term: 'Missing in the target', value: formatCount(counts.missing) },
      { term: 'Extra in the target', value: formatCount(counts.extra) },
      {
        term: 'Repeated ids',
        value: formatCount(counts.duplicateInSource + counts.duplicateInTarget),
        detail: `${counts.duplicateInSource} in the source, ${counts.duplicateInTarget} in the target`,
      },
      ...accepted.map(({ reason, points }) => ({
        term: 'Refused, as accepted',
        value: formatCount(points),
        detail: reason,
      })),
      {
        term: 'Source',
        value: formatCount(source.read),
        detail: `${formatCount(source.counter)} by its counter, ${source.consistency}`,
      },
      {
        term: 'Target',
        value: formatCount(target.read),
        detail: `${formatCount(target.counter)} by its counter, ${target.consistency}`,
      },
    ],
    sections: [
      ...(findings.length === 0
        ? []
        : [{ title: 'What is different', tables: [findingTable(verification)] }]),
      { title: 'What was compared', tables: [checkTable(verification)] },
      ...(samples.length === 0
        ? []
        : [{ title: 'First differences', lead: 'Source first.', tables: [sampleTable(verification)] }]),
      ...(tenants.length === 0 ? [] : [{ title: 'Points by tenant', tables: [tenantTable(verification)] }]),
    ],
    footer: `vecproof verify${mapping === undefined ? '' : `, by the mapping ${mapping.slice(0, 12)}`}`,
  };
}

function answerOf({ state, counts, findings }: Verification): string {
  const { matching, mismatched, missing, extra } = counts;
  if (state === 'equal')
    return `All ${plural(matching, 'point')} are the same on both sides, and both answer alike.`;
  const differing = mismatched + missing + extra;
  const [first] = findings;
  const cause =
    first === undefined ? '' : ` First cause: ${first.finding}${first.of === '' ? '' : ` (${first.of})`}.`;
  return differing === 0
    ? `All ${plural(matching, 'point')} are the same, and ${plural(findings.length, 'thing')} beside them ${findings.length === 1 ? 'is' : 'are'} not.${cause}`
    : `${plural(differing, 'id')} ${differing === 1 ? 'differs' : 'differ'}, ${formatCount(matching)} are the same.${cause}`;
}

function findingTable({ findings }: Verification): Table {
  return {
    label: 'What is different',
    columns: columns('cause', 'about', 'what', 'such as'),
    rows: findings.map(({ finding, of, what, examples }) => ({
      mark: 'bad',
      cells: [head(finding, { sign: SIGNS.bad }), text(of), text(what), text(examples.join(', '))],
    })),
  };
}

const STATES: Readonly<Record<Verification['checks'][number]['state'], { mark: Mark; words: string }>> = {
  same: { mark: 'good', words: 'the same' },
  different: { mark: 'bad', words: 'different' },
  'not-asked': { mark: 'plain', words: 'not asked' },
};

function checkTable({ checks }: Verification): Table {
  return {
    label: 'What was compared',
    columns: columns('check', 'holds if', 'outcome', 'by'),
    rows: checks.map(({ check, title, state, what }) => ({
      mark: STATES[state].mark,
      cells: [
        head(check),
        text(title),
        text(STATES[state].words, { sign: SIGNS[STATES[state].mark] }),
        text(what),
      ],
    })),
  };
}

function sampleTable({ samples }: Verification): Table {
  return {
    label: 'First differences',
    columns: columns('id', 'type', 'what', 'in words'),
    rows: samples.map(({ id, type, kind, differs, words }) => ({
      cells: [
        head(id),
        text(type),
        text(kind),
        text(words.length === 0 ? differs.join(', ') : words.join('; ')),
      ],
    })),
  };
}

function tenantTable({ tenants }: Verification): Table {
  return {
    label: 'Points by tenant',
    columns: columns('tenant', '#source', '#target'),
    rows: tenants.map(({ tenant, source, target }) => ({
      ...(source === target ? {} : { mark: 'bad' as const }),
      cells: [
        head(tenant, source === target ? {} : { sign: SIGNS.bad }),
        figure(formatCount(source)),
        figure(formatCount(target)),
      ],
    })),
  };
}
