import type { MigrationRecord, RecordItem } from '../../migration/record/model.js';
import { formatBytes, formatCount, formatNumber } from '../format.js';
import { columns, figure, head, type Mark, renderPage, SIGNS, type Table, text } from '../migration/page.js';

const MARKS: Readonly<Record<RecordItem['state'], Mark>> = { done: 'good', open: 'warn', failed: 'bad' };

/** A record as one page: no network, no script, to be printed and signed. */
export function renderRecordPage(record: MigrationRecord): string {
  const { name, state, answer, items, source, target, madeAt, log, files, watch, sum, vecproof } = record;
  const done = items.filter((item) => item.state === 'done').length;
  const decisions = items.flatMap((item) => item.decisions);
  return renderPage({
    kind: 'Record of a migration',
    title: `${name}: ${source} to ${target}`,
    answer,
    state: state === 'complete' ? 'good' : state === 'failed' ? 'bad' : 'warn',
    figures: [
      { term: 'items done', value: `${done} of ${items.length}` },
      {
        term: 'decisions',
        value: formatCount(unique(decisions.map(({ time, decision }) => `${time} ${decision}`))),
        detail: people(record),
      },
      {
        term: 'files with their hash',
        value: formatCount(files.length),
        detail: formatBytes(files.reduce((all, { bytes }) => all + bytes, 0)),
      },
      { term: 'events', value: formatCount(log.events), detail: 'each with the hash of the one before' },
      {
        term: 'watched',
        value: watch === null ? '–' : watch.state,
        detail:
          watch === null
            ? 'no monitor has run'
            : `${formatCount(watch.rounds)} rounds, ${formatCount(watch.alerts)} alerts`,
      },
    ],
    sections: [
      { title: 'Checklist', tables: [checklist(record)] },
      {
        title: 'Decisions',
        lead: decisions.length === 0 ? 'None was taken.' : 'Who has answered for what, when, and why.',
        tables: decisions.length === 0 ? [] : [decisionTable(record)],
      },
      { title: 'What was learnt', lead: learntLead(record), tables: learntTables(record) },
      ...(watch === null
        ? []
        : [
            {
              title: 'Standing gates',
              lead: `As of ${timeOf(watch.at)}, since ${timeOf(watch.since)}.`,
              tables: [gates(watch)],
            },
          ]),
      ...(record.others.length + record.interventions.length === 0
        ? []
        : [{ title: 'Besides', tables: besides(record) }]),
      {
        title: 'Evidence',
        lead: 'SHA-256 of every file that this record stands on.',
        tables: [evidence(record)],
      },
      {
        title: 'Signatures',
        lead: `Sum of this record: ${sum}. Whoever keeps it elsewhere can show later that nothing was exchanged: vecproof record --verify record.json --sum ${sum}`,
        tables: [signatures()],
      },
    ],
    footer: `vecproof ${vecproof}, made ${timeOf(madeAt)}, plan ${record.plan.sha256}, log ${log.head}`,
  });
}

function checklist({ items }: MigrationRecord): Table {
  return {
    label: 'Checklist',
    stacked: true,
    columns: columns('item', 'state', 'what was found', 'what is open', 'evidence', 'time', 'decided by'),
    rows: items.map(({ title, state, says = '', open, evidence: files, stages, decisions }) => {
      const mark = MARKS[state];
      const ended = stages.map(({ endedAt }) => endedAt).filter((time) => time !== undefined);
      return {
        mark,
        cells: [
          head(title, { sign: SIGNS[mark] }),
          text(state),
          text(says),
          text(open.join('; ')),
          text(
            files
              .map(
                ({ file, sha256, intact }) => `${file} ${sha256.slice(0, 12)}${intact ? '' : ' (changed)'}`,
              )
              .join(', '),
            { code: files.length > 0 },
          ),
          text(ended.length === 0 ? '' : timeOf(ended.at(-1)!)),
          text([...new Set(decisions.map(({ by }) => by))].join(', ')),
        ],
      };
    }),
  };
}

function decisionTable({ items }: MigrationRecord): Table {
  const all = new Map(
    items.flatMap(({ decisions }) => decisions).map((each) => [`${each.time} ${each.decision}`, each]),
  );
  return {
    label: 'Decisions',
    stacked: true,
    columns: columns('time', 'by', 'decision', 'what was accepted', 'why'),
    rows: [...all.values()]
      .sort((a, b) => (a.time < b.time ? -1 : 1))
      .map(({ time, by, decision, words, reason }) => ({
        cells: [head(timeOf(time)), text(by), text(decision, { code: true }), text(words), text(reason)],
      })),
  };
}

function learntLead({ learnt: { next, open } }: MigrationRecord): string {
  const held =
    next === ''
      ? 'No query set was kept.'
      : `The next change is held to the same queries and thresholds: ${next}`;
  return [held, ...open.map((each) => `${each[0]!.toUpperCase()}${each.slice(1)}.`)].join(' ');
}

function learntTables({ learnt }: MigrationRecord): Table[] {
  const { index, search, k, thresholds, verdicts, kept } = learnt;
  const settings = [
    ...Object.entries(index).map((each) => ['index', ...each] as const),
    ...Object.entries(search).map((each) => ['search', ...each] as const),
    ...(k === undefined ? [] : [['search', 'k', k] as const]),
  ];
  const tables: Table[] = [
    {
      title: 'Settings',
      label: 'Settings',
      columns: columns('of', 'parameter', '#value'),
      rows: settings.map(([of, name, value]) => ({
        cells: [head(of), text(name, { code: true }), figure(String(value))],
      })),
    },
    {
      title: 'Thresholds of the application',
      label: 'Thresholds of the application',
      columns: columns('#in the source', '#in the target', 'rule'),
      rows: thresholds.map(({ source, target, why }) => ({
        cells: [figure(source), figure(target ?? 'none'), text(why)],
      })),
    },
    {
      title: 'Thresholds of the comparison',
      label: 'Thresholds of the comparison',
      columns: columns('gate', 'expected', 'found', 'verdict'),
      rows: verdicts.map(({ gate, expected, found, state }) => ({
        cells: [head(gate, { code: true }), text(expected), text(found), text(state)],
      })),
    },
    {
      title: 'Kept',
      label: 'Kept',
      columns: columns('file', '#size', 'SHA-256'),
      rows: kept.map(fileRow),
    },
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

function gates({ gates: list, alpha }: NonNullable<MigrationRecord['watch']>): Table {
  return {
    title: `Together, a false alarm at most in ${formatNumber(alpha * 100)}% of all watches`,
    label: 'Standing gates',
    columns: columns('gate', 'limit', 'verdict', '#observed'),
    rows: list.map(({ name, limit, verdict, observed }) => ({
      mark: verdict === 'fail' ? 'bad' : verdict === 'pass' ? 'good' : 'plain',
      cells: [head(name), text(limit), text(verdict), figure(formatCount(observed))],
    })),
  };
}

function besides({ others, interventions }: MigrationRecord): Table[] {
  const tables: Table[] = [
    {
      title: 'Other stages',
      label: 'Other stages',
      columns: columns('stage', 'state', 'why', 'time'),
      rows: others.map(({ stage, state, why = '', endedAt }) => ({
        cells: [head(stage), text(state), text(why), text(endedAt === undefined ? '' : timeOf(endedAt))],
      })),
    },
    {
      title: 'Interventions',
      label: 'Interventions',
      stacked: true,
      columns: columns('time', 'by', 'what', 'why'),
      rows: interventions.map(({ time, by, what, reason }) => ({
        cells: [head(timeOf(time)), text(by), text(what), text(reason)],
      })),
    },
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

function evidence({ files }: MigrationRecord): Table {
  return {
    title: `All ${files.length} files`,
    label: 'Evidence',
    closed: files.length > 20,
    columns: columns('file', '#size', 'SHA-256'),
    rows: files.map(fileRow),
  };
}

function fileRow({ file, bytes, sha256 }: MigrationRecord['files'][number]): Table['rows'][number] {
  return { cells: [head(file, { code: true }), figure(formatBytes(bytes)), text(sha256, { code: true })] };
}

/** To be filled in by hand, on paper. */
function signatures(): Table {
  const empty = '\u2003';
  return {
    label: 'Signatures',
    columns: columns('role', 'name', 'date', 'signature'),
    rows: ['Migration', 'Application', 'Operations'].map((role) => ({
      cells: [head(role), text(empty), text(empty), text(empty)],
    })),
  };
}

function people({ items }: MigrationRecord): string {
  return [...new Set(items.flatMap(({ decisions }) => decisions.map(({ by }) => by)))].join(', ');
}

function unique(texts: readonly string[]): number {
  return new Set(texts).size;
}

function timeOf(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')} UTC`;
}
