import type { Inventory } from '../../migration/inventory/model.js';
import { formatCount, plural } from '../format.js';
import { columns, figure, head, type Page, renderPage, SIGNS, type Table, text } from './page.js';

/** The page of an inventory. */
export function inventoryPage(inventory: Inventory): string {
  return renderPage(pageOf(inventory));
}

function pageOf(inventory: Inventory): Page {
  const { place, engine, engineVersion, counts, warnings, takenAt, tool, vectors, fields, tenants } =
    inventory;
  const { byId } = counts;
  return {
    kind: 'Inventory',
    title: place,
    state: warnings.length === 0 ? 'good' : 'warn',
    answer:
      warnings.length === 0
        ? `${plural(counts.distinct, 'point')}: all counts agree, and nothing needs a decision.`
        : `${plural(counts.distinct, 'point')}, and ${plural(warnings.length, 'thing')} to know before they are moved.`,
    figures: [
      { term: 'By its own counter', value: formatCount(counts.counter), detail: 'points' },
      {
        term: 'Different ids in a scan',
        value: formatCount(counts.distinct),
        detail: `${formatCount(counts.scanned)} scanned`,
      },
      byId === null
        ? { term: 'Readable by id', value: '–', detail: 'not asked' }
        : {
            term: 'Readable by id',
            value: formatCount(byId.withVector),
            detail: `of ${formatCount(byId.asked)} asked`,
          },
      { term: 'Vectors', value: String(vectors.length), detail: vectors.map(({ name }) => name).join(', ') },
      { term: 'Fields', value: String(fields.length) },
      { term: 'Tenants', value: tenants.points === 0 ? 'none' : formatCount(tenants.distinct.count) },
      { term: 'Engine', value: engine, ...(engineVersion === null ? {} : { detail: engineVersion }) },
    ],
    sections: [
      ...(warnings.length === 0 ? [] : [{ title: 'To know', tables: [warningTable(inventory)] }]),
      {
        title: 'Vectors',
        lead: 'The measured metric is told by the scores of searches for known vectors.',
        tables: [vectorTable(inventory)],
      },
      ...(fields.length === 0 ? [] : [{ title: 'Fields', tables: [fieldTable(inventory)] }]),
      {
        title: 'How its filters behave',
        lead: 'Counted by the engine itself, beside what the portable meaning gives for the points that were read.',
        tables: [probeTable(inventory)],
      },
      ...querySections(inventory),
      ...tenantSections(inventory),
      { title: 'Index and facts', lead: 'In the engine’s own words.', tables: [factTable(inventory)] },
    ],
    footer: `${tool}, taken ${takenAt.slice(0, 16).replace('T', ' ')} UTC, ${inventory.consistency}${inventory.watermark === null ? '' : `, watermark ${inventory.watermark}`}`,
  };
}

function warningTable({ warnings }: Inventory): Table {
  return {
    label: 'To know',
    columns: columns('about', 'what'),
    rows: warnings.map(({ about, what }) => ({
      mark: 'warn',
      cells: [head(about, { sign: SIGNS.warn }), text(what)],
    })),
  };
}

function vectorTable({ vectors }: Inventory): Table {
  return {
    label: 'Vectors',
    columns: columns('name', 'kind', 'declared', 'measured', '#points', '#without', '#length 1', 'lengths'),
    rows: vectors.map(({ name, kind, type, dimensions, declared, measured, points, absent, unit, norms }) => {
      const told = measured.state === 'measured' || measured.state === 'approximate';
      return {
        cells: [
          head(name),
          text(
            kind === 'sparse' ? 'sparse' : `${dimensions} × ${type}${kind === 'multi' ? ', several' : ''}`,
          ),
          text(declared ?? 'not declared'),
          told
            ? text(measured.metric, { quiet: `scores ${measured.form}` })
            : text('–', { quiet: measured.reason }),
          figure(formatCount(points)),
          figure(formatCount(absent.count)),
          figure(points === 0 ? '–' : share(unit, points)),
          text(
            norms === null ? '–' : `${short(norms.min)} to ${short(norms.max)}`,
            norms === null ? {} : { quiet: `median ${short(norms.median)}` },
          ),
        ],
      };
    }),
  };
}

function fieldTable({ fields, moreFields }: Inventory): Table {
  return {
    label: 'Fields',
    columns: columns('name', 'type', '#values', '#null', '#missing', '#different', 'range', 'longest'),
    rows: fields.map(({ name, type, types, native, values, nulls, missing, distinct, range, texts }) => ({
      ...(type === null && values > 0 ? { mark: 'warn' as const } : {}),
      cells: [
        head(name, type === null && values > 0 ? { sign: SIGNS.warn } : {}),
        text(
          type ??
            Object.entries(types)
              .map(([of, { count }]) => `${count} ${of}`)
              .join(', '),
          native === null ? {} : { quiet: native },
        ),
        figure(formatCount(values)),
        figure(formatCount(nulls)),
        figure(formatCount(missing)),
        figure(`${distinct.how === 'estimate' ? 'about ' : ''}${formatCount(distinct.count)}`),
        text(range === null ? '' : `${range.min} to ${range.max}`),
        text(texts.longestBytes === null ? '' : `${formatCount(texts.longestBytes)} bytes`),
      ],
    })),
    ...(moreFields > 0 ? { title: `and ${formatCount(moreFields)} values of further fields` } : {}),
  };
}

function probeTable({ fingerprint }: Inventory): Table {
  return {
    label: 'How its filters behave',
    columns: columns('probe', 'filter', '#expected', '#found', 'outcome'),
    rows: fingerprint.map((each) =>
      each.state === 'not-asked'
        ? {
            cells: [
              head(each.probe),
              text(''),
              figure(''),
              figure(''),
              text('not asked', { quiet: each.reason }),
            ],
          }
        : {
            mark: each.state === 'same' ? 'good' : 'bad',
            cells: [
              head(each.probe),
              text(JSON.stringify(each.filter), { code: true }),
              figure(formatCount(each.expected)),
              figure(formatCount(each.found)),
              text(each.state === 'same' ? 'as expected' : 'another answer', {
                sign: SIGNS[each.state === 'same' ? 'good' : 'bad'],
              }),
            ],
          },
    ),
  };
}

function querySections({ queries }: Inventory): Page['sections'] {
  if (queries === null) return [];
  const { k, thresholds } = queries;
  const words = [
    `${plural(queries.queries, 'query', 'queries')}, ${queries.filtered} with a filter`,
    ...(k === null ? [] : [`k from ${k.min} to ${k.max}`]),
    ...(thresholds === null
      ? []
      : [
          `score thresholds from ${short(thresholds.min)} to ${short(thresholds.max)} in ${thresholds.queries} of them`,
        ]),
  ];
  const table: Table = {
    label: 'What the application asks',
    columns: columns('filter', '#queries', '#points that pass', '#by the engine', 'problem'),
    rows: queries.filters.map(({ filter, queries: of, passes, found, problem }) => ({
      cells: [
        text(JSON.stringify(filter), { code: true }),
        figure(of),
        figure(passes === null ? '–' : formatCount(passes)),
        figure(found === null ? '–' : formatCount(found)),
        text(problem ?? ''),
      ],
    })),
  };
  return [{ title: 'What the application asks', lead: `${words.join('; ')}.`, tables: [table] }];
}

function tenantSections({ tenants }: Inventory): Page['sections'] {
  if (tenants.points === 0) return [];
  const table: Table = {
    label: 'Tenants',
    columns: columns('tenant', '#points'),
    rows: tenants.largest.map(({ tenant, points }) => ({
      cells: [head(tenant), figure(formatCount(points))],
    })),
  };
  const lead = `${formatCount(tenants.distinct.count)} tenants; the largest ${tenants.largest.length}.`;
  return [{ title: 'Tenants', lead, tables: [table] }];
}

function factTable({ index, facts, collections }: Inventory): Table {
  const told = { index, collections, ...facts };
  return {
    label: 'Index and facts',
    columns: columns('fact', 'value'),
    rows: Object.entries(told).map(([name, value]) => ({
      cells: [head(name), text(typeof value === 'string' ? value : JSON.stringify(value), { code: true })],
    })),
  };
}

function share(part: number, whole: number): string {
  const percent = (100 * part) / whole;
  return part === whole
    ? '100%'
    : `${percent < 99.95 && percent > 0.05 ? percent.toFixed(1) : percent.toPrecision(5)}%`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
