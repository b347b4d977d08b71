import { createHash } from 'node:crypto';
import Handlebars from 'handlebars';
import { visible } from '../../common/visible.js';
import type { Finding } from '../../harness/model/verdict.js';
import { csvLines } from '../csv.js';
import { formatCount, formatNumber, plural } from '../format.js';
import { baselineSentence, gateSentence, lockSentence, markOf } from '../gates.js';
import { PALETTE } from '../identity.js';
import type { ProblemGroup, ReportModel } from '../model/types.js';
import { asset, styleOf, templateOf } from '../page-template.js';
import { seriesView, trialAnchor } from './cells.js';
import { costViews, frontierViews } from './chart-views.js';
import { filterViews } from './filter-views.js';
import { loadViews } from './load-views.js';
import { historyView, parityView } from './parity-views.js';
import {
  buildViews,
  byThroughput,
  choiceViews,
  definitionViews,
  floorText,
  seriesViews,
  trialViews,
} from './table-views.js';
import { writeViews } from './write-views.js';

/**
 * The report as one HTML file: no network, readable without its script, under a content security policy.
 * @param embedded for the `srcdoc` of a frame: there a link to a place of the page needs the frame's own address as base
 */
export function renderHtml(model: ReportModel, { embedded = false } = {}): string {
  const script = asset('html/assets/script.js');
  return templateOf('html/assets/report.hbs', { partials: 'html/assets' })({
    ...viewOf(model),
    embedded,
    style: paletteCss() + styleOf('html/assets/style.css'),
    script,
    scriptHash: createHash('sha256').update(script).digest('base64'),
    data: embeddedJson(dataOf(model)),
  });
}

function viewOf(model: ReportModel) {
  const { results, counts, manifest } = model;
  return {
    title: model.title,
    k: model.k,
    cautions: model.cautions,
    legend: model.legend,
    subject: subjectOf(model),
    gates: gatesView(model),
    description: manifest.suite.description,
    choices: choiceViews(model),
    frontiers: frontierViews(model),
    contenders: seriesViews(model),
    reference: byThroughput(model) ? model.hypervolumeReference : undefined,
    costs: costViews(model),
    load: loadViews(model),
    writes: writeViews(model),
    filters: filterViews(model),
    floor: floorText(model),
    builds: buildViews(model),
    parity: parityView(model),
    history: historyView(model),
    trials: trialViews(model),
    problems: model.problems.map(problemView),
    flags: model.flags.map((flag) => ({
      ...flag,
      trials: flag.trials.map(({ id, label }) => ({ label, anchor: trialAnchor(id) })),
    })),
    warnings: model.warnings,
    clean: model.problems.length + model.flags.length + model.warnings.length + counts.missing === 0,
    missing: counts.missing === 0 ? undefined : `${plural(counts.missing, 'planned trial')} did not run.`,
    tieNote: model.tieNote,
    facts: model.facts,
    protocol: model.protocol,
    definitions: definitionViews(model),
    suite: manifest.suite,
    command: results.run.command,
    footer: `vecproof ${results.run.vecproof}, run ${results.run.id}`,
  };
}

/** The outcome of the gates; undefined where the run was not judged. */
function gatesView({ verdicts }: ReportModel) {
  if (verdicts === undefined) return undefined;
  return {
    sentence: gateSentence(verdicts),
    outcome: verdicts.outcome,
    baseline: baselineSentence(verdicts),
    lock: lockSentence(verdicts),
    differs: verdicts.lock.state === 'differs',
    rows: verdicts.verdicts.map((each) => ({
      ...each,
      mark: markOf(each, verdicts.inconclusive),
      findings: each.findings.length > 1 ? each.findings.map(findingView) : [],
      count: plural(each.findings.length, 'trial'),
    })),
  };
}

function findingView({ trial, group, setting, state, message, found, low, high }: Finding) {
  const figure = (value: number | null) => (value === null ? '–' : formatNumber(value));
  const interval = low === null || high === null ? '' : ` [${figure(low)}, ${figure(high)}]`;
  return {
    anchor: trialAnchor(trial, group),
    setting,
    group,
    state,
    message,
    found: figure(found) + interval,
  };
}

/** What was compared and on what, as a strip of figures under the answer. */
function subjectOf({ results, manifest, series, counts }: ReportModel) {
  const { dataset, queries, environment, machines } = results;
  return [
    {
      term: 'Data',
      value: dataset.name,
      detail: `${formatCount(dataset.count)} × ${dataset.dimensions}, ${dataset.metric}`,
    },
    {
      term: 'Queries',
      value: formatCount(queries.count),
      detail: `${queries.set}, ${plural(manifest.repeat, 'pass', 'passes')}`,
    },
    {
      term: 'Contenders',
      value: formatCount(series.length),
      detail: [...new Set(series.map(({ engine }) => engine))].join(', '),
    },
    {
      term: 'Settings',
      value: formatCount(counts.completed),
      detail:
        counts.completed === counts.planned
          ? 'all measured'
          : `measured, of ${formatCount(counts.planned)} planned`,
    },
    machines === undefined
      ? { term: 'Machine', value: plural(environment.cores, 'core'), detail: environment.cpu }
      : { term: 'Machines', value: formatCount(machines.length), detail: 'times of each by themselves' },
    { term: 'Run', value: results.run.started.slice(0, 10), detail: results.run.suite },
  ];
}

function problemView({ state, series, build, message, log, trials }: ProblemGroup) {
  return {
    state,
    series: seriesView(series),
    build,
    message: visible(message),
    // Not `log`: Handlebars has a helper of that name.
    lines: visible(log.join('\n')),
    count: plural(trials.length, 'trial'),
    trials: trials.map(({ trial, setting }) => ({
      anchor: trialAnchor(trial.id, trial.group),
      setting: setting === '' ? trial.id : setting,
    })),
  };
}

function dataOf({ results }: ReportModel) {
  const { header, rows } = csvLines(results);
  return { header, rows: rows.map(({ line }) => line) };
}

/** JSON that cannot end its script element or open a comment in it. */
function embeddedJson(value: unknown): Handlebars.SafeString {
  const text = JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
  return new Handlebars.SafeString(text);
}

/** The palette of `identity.ts` as CSS, so that it is written down once. */
function paletteCss(): string {
  const vars = (colours: readonly string[]) => colours.map((value, i) => `--series-${i}:${value}`).join(';');
  return `:root{${vars(PALETTE.light)}}\n@media (prefers-color-scheme: dark){:root{${vars(PALETTE.dark)}}}\n@media print{:root{${vars(PALETTE.light)}}}\n`;
}
