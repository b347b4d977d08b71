import type { Manifest } from '../../harness/model/manifest.js';
import { instructionsText, nativeLines } from '../../harness/model/native.js';
import type { Results } from '../../harness/model/results.js';
import { isSerial, workloadOf, workloadText } from '../../harness/model/workload.js';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  formatTime,
  listed,
  plural,
} from '../format.js';
import { isServer } from './points.js';
import type { Fact, FactGroup } from './types.js';

const METRIC_SOURCE = {
  declared: 'declared by suite or catalog',
  file: 'read from the file',
  default: 'assumed: the file does not say',
} as const;

/** What was measured, on what, with what; in the order a reader checks it. */
export function factsOf(results: Results, manifest: Manifest): FactGroup[] {
  return [
    { title: 'Dataset', facts: datasetFacts(results) },
    { title: 'Queries and truth', facts: queryFacts(results) },
    { title: 'Machine', facts: machineFacts(results) },
    { title: 'Versions', facts: versionFacts(results) },
    { title: 'Run', facts: runFacts(results, manifest) },
  ];
}

const code = (term: string, value: string): Fact => ({ term, value, code: true });

function datasetFacts({ dataset }: Results): Fact[] {
  return [
    { term: 'Name', value: dataset.name },
    {
      term: 'Points',
      value: `${formatCount(dataset.count)} × ${formatCount(dataset.dimensions)} dimensions`,
    },
    { term: 'Metric', value: `${dataset.metric} (${METRIC_SOURCE[dataset.metricSource]})` },
    ...columnFacts(dataset),
    ...leftOutFacts(dataset),
    code('Source', dataset.source),
    code('Hash', dataset.hash),
    { term: 'Licence', value: dataset.licence ?? 'not stated' },
    ...(dataset.provenance === null ? [] : [{ term: 'Provenance', value: dataset.provenance }]),
  ];
}

/** What was taken for what: an id that was not understood is seen here. */
function columnFacts({ columns }: Results['dataset']): Fact[] {
  if (columns === undefined) return [];
  return [
    { term: 'Ids', value: columns.id },
    { term: 'Vectors', value: columns.vector },
    ...(columns.text === null ? [] : [{ term: 'Text', value: columns.text }]),
    { term: 'Query ids', value: columns.queryId },
    { term: 'Query vectors', value: columns.queryVector },
  ];
}

function leftOutFacts({ leftOut }: Results['dataset']): Fact[] {
  return (leftOut ?? []).map(({ kind, points, queries }) => ({
    term: `Left out (${kind})`,
    value: `${plural(points, 'point')}, ${plural(queries, 'query', 'queries')}`,
  }));
}

/** Speed and what was checked, as far as the run knows them. */
function checkedText({ gflops, checked }: Results['truth']): string {
  const speed = gflops === undefined ? '' : ` at ${formatNumber(gflops)} GFLOP/s`;
  if (checked === undefined) return speed;
  return `${speed}; ${plural(checked.queries, 'query', 'queries')} computed by ${checked.kernel}, too, with the same neighbours`;
}

function queryFacts({ queries, truth }: Results): Fact[] {
  const ties = Object.entries(truth.ties).map(([k, share]) => `${formatPercent(share)} at rank ${k}`);
  const { intrinsicDimension: hardness, providedAgreement: agreement } = truth;
  return [
    { term: 'Query set', value: `${queries.set}, ${plural(queries.count, 'query', 'queries')}` },
    code('Hash', queries.hash),
    {
      term: 'Truth',
      value: `exact, ${truth.depth} neighbours per query, ${truth.kernel}; ${truth.fromCache ? 'from the cache' : `computed in ${formatDuration(truth.seconds)}`}${checkedText(truth)}`,
    },
    { term: 'Exact ties', value: ties.length === 0 ? 'not examined' : ties.join(', ') },
    {
      term: 'Hardness',
      value:
        hardness === null
          ? 'intrinsic dimension not computable'
          : `median local intrinsic dimension ${formatNumber(hardness)} (maximum likelihood, Amsaleg et al. 2015)`,
    },
    ...(agreement === null
      ? []
      : [
          {
            term: 'Dataset’s own neighbours',
            value: `${formatPercent(agreement)} agree with the truth, tie-aware`,
          },
        ]),
    ...(truth.providedNote === undefined ? [] : [{ term: 'Warning', value: truth.providedNote }]),
    ...(truth.queriesAmongPoints === undefined
      ? []
      : [{ term: 'Queries that are points', value: `${truth.queriesAmongPoints} have a point’s vector` }]),
  ];
}

function machineFacts({ environment, machines }: Results): Fact[] {
  if (machines === undefined) return environmentFacts(environment, '');
  return machines.flatMap((each, i) => environmentFacts(each, ` of machine ${i + 1}`));
}

function environmentFacts(environment: Results['environment'], of: string): Fact[] {
  const limit = environment.memoryLimitBytes;
  return [
    {
      term: `Processor${of}`,
      value: `${environment.cpu}, ${plural(environment.cores, 'core')}${environment.instructions === undefined ? '' : `, ${instructionsText(environment.instructions)}`}`,
    },
    {
      term: `Memory${of}`,
      value: `${formatBytes(environment.memoryBytes)}${limit === null ? '' : `, limited to ${formatBytes(limit)}`}`,
    },
    { term: `System${of}`, value: `${environment.platform}, ${environment.kernel}` },
    { term: `Node.js${of}`, value: environment.node },
  ];
}

function versionFacts(results: Results): Fact[] {
  const { run, packages, trials } = results;
  const engines = new Map(
    trials.flatMap((row) => (row.engineVersion === null ? [] : [[row.engine, row.engineVersion]])),
  );
  return [
    { term: 'vecproof', value: run.vecproof },
    ...[...engines].map(([engine, version]) => ({ term: `${engine} (engine)`, value: version })),
    ...imageFacts(trials),
    ...nativeFacts(results),
    ...Object.entries(packages).map(([name, version]) => code(name, version)),
  ];
}

/** What exactly ran: an image's name can be given to another one, its digest cannot. */
function imageFacts(trials: Results['trials']): Fact[] {
  const images = new Map<string, Fact>();
  for (const { engine, server } of trials) {
    if (server?.image === undefined) continue;
    const value = `${server.image} ${server.digest ?? ''}`.trim();
    images.set(`${engine} ${value}`, code(`${engine} (image)`, value));
  }
  return [...images.values()];
}

/** Which vector instructions the engines' code holds: an engine without AVX is slower than it is elsewhere. */
function nativeFacts({ native = {} }: Results): Fact[] {
  return Object.entries(native).flatMap(([engine, found]) =>
    nativeLines(found).map((line) => ({ term: `${engine} (native code)`, value: line })),
  );
}

function runFacts({ run }: Results, manifest: Manifest): Fact[] {
  return [
    code('Id', run.id),
    { term: 'Suite', value: manifest.suite.name },
    code('Suite file', manifest.suite.path),
    { term: 'Started', value: formatTime(run.started) },
    { term: 'Finished', value: run.finished === null ? 'not finished' : formatTime(run.finished) },
    { term: 'State', value: run.state },
    { term: 'Seed', value: String(manifest.seed) },
    code('Repeat it', run.command),
  ];
}

/** How queries were sent, by workload. */
/** `10 hits`; of several depths whether each was asked for by itself. */
function hitsText({ trials, ks }: Results): string {
  const asked = [...new Set(trials.map(({ k }) => k))].toSorted((a, b) => a - b);
  if (asked.length > 1) return `${listed(asked.map(String), 'or')} hits, each depth in passes of its own`;
  const all = asked[0] ?? Math.max(...ks);
  return ks.length === 1 ? `${all} hits` : `${all} hits, in which the smaller depths are measured, too`;
}

function sentHow(results: Results): string {
  const { trials } = results;
  const hits = hitsText(results);
  const other = [
    ...new Set(
      trials
        .map(workloadOf)
        .filter((each) => !isSerial(each))
        .map(workloadText),
    ),
  ];
  const serial = `One client sends one query at a time and the next one when the answer is there (closed loop), asking for ${hits}. So throughput is that of a single caller, and the latencies hold for an engine that is not under load.`;
  if (other.length === 0) return serial;
  const also = `Queries were sent as ${listed(other)}, asking for ${hits}; latency counts from the moment a query was due.`;
  return trials.map(workloadOf).some(isSerial) ? `Workload serial: ${serial} Others: ${also}` : also;
}

/** How figures came about, in words; every number comes from the manifest. */
export function protocolOf(results: Results, manifest: Manifest): string[] {
  const { repeat, warmup, threads, seed, deadlineSeconds: deadline, memoryLimitBytes } = manifest;
  const limit =
    memoryLimitBytes === null ? 'no limit on memory' : `a memory limit of ${formatBytes(memoryLimitBytes)}`;
  return [
    `Each build (one engine, one set of index parameters) ran in a process of its own, with ${plural(threads, 'thread')} for building and ${limit}.`,
    `Load: all ${formatCount(results.dataset.count)} points in batches. Index: the engine was asked until it said that every point is searchable and indexed. Nothing waits for a fixed time.`,
    `Search: ${plural(repeat, 'measured pass', 'measured passes')} over ${plural(results.queries.count, 'query', 'queries')} per setting, in an order seeded with ${seed} and the same for all settings. ${warmup === 0 ? 'No warm-up.' : `Each pass begins with ${plural(warmup, 'warm-up query', 'warm-up queries')} that are not recorded.`} Passes are interleaved over the settings of one build: all once, then all again in the opposite order, so that drift of the machine falls on all of them. ${buildsInTurn(results, manifest)}`,
    sentHow(results),
    ...againBuilt(results),
    ...againMeasured(results),
    ...serversAndLibraries(results),
    ...withoutAvx(results),
    ...engineTime(results),
    'Distances and recall were computed by the harness from the dataset’s own vectors, outside the timed region. Failed queries are counted, never retried.',
    `Intervals are 95% intervals. Of means over queries they are the bounds of Gaffke (2005), which allow for queries that were not asked; of times Student’s t over the logarithms of the passes${repeat < 2 ? ' (one pass has none)' : ''}, of settings on several builds over those of the builds, times and costs alike, widened to hold each. ${buildsOf(results) > 1 ? 'They do not cover other machines and days.' : 'They do not cover the luck of one index build, nor what the machine does between builds.'}`,
    `Deadlines: create ${formatDuration(deadline.create)}, load ${formatDuration(deadline.load)}, index ${formatDuration(deadline.index)}, search ${formatDuration(deadline.search)}. A build that passes one is a recorded failure.`,
  ];
}

/** Passes that others have taken the place of. */
function againMeasured({ trials }: Results): string[] {
  const rows = trials.filter(({ group }) => group === 'all');
  const passes = rows.reduce((sum, { replaced = 0 }) => sum + replaced, 0);
  if (passes === 0) return [];
  const of = rows.filter(({ replaced }) => replaced !== undefined).length;
  return [
    `${plural(passes, 'pass', 'passes')} of ${plural(of, 'trial')} ${passes === 1 ? 'was' : 'were'} measured again, as other programs had disturbed ${passes === 1 ? 'it' : 'them'}; what was replaced is kept in samples/replaced.`,
  ];
}

const buildsOf = ({ trials }: Results): number => Math.max(1, ...trials.map(({ replica }) => replica ?? 1));

/** What drift of the machine is in: builds follow one another, in rounds where each was made several times. */
function buildsInTurn(results: Results, { interleave }: Manifest): string {
  if (interleave === true)
    return `All builds${buildsOf(results) > 1 ? ' of a round' : ''} were open at the same time, and their passes alternated in the same way: what the machine did meanwhile falls on all of them alike. While one was searched the others had nothing to do.`;
  return buildsOf(results) > 1
    ? 'Builds follow one another in rounds, all indexes once and then all again in the opposite order: drift falls on all of them, and is in the intervals over builds.'
    : 'Builds follow one another: between engines and builds, times also differ by what the machine did meanwhile.';
}

function againBuilt(results: Results): string[] {
  const most = buildsOf(results);
  if (most === 1) return [];
  return [
    `Each index was built ${most} times, every time with another seed where the engine takes one. Charts and choices speak of the first build, so that none is chosen for its luck; gates on a baseline take all of them, and the table of all trials shows them.`,
  ];
}

/** What the two kinds have not in common, told where a report has servers. */
function serversAndLibraries({ trials }: Results): string[] {
  const names = (server: boolean) => [
    ...new Set(trials.filter((row) => isServer(row) === server).map(({ engine }) => engine)),
  ];
  const [servers, libraries] = [names(true), names(false)];
  if (servers.length === 0) return [];
  const own = `${listed(servers)} ran as servers, one fresh server for each build: their latencies hold a round trip over the network and the client library, and their memory is that of the server’s container beyond what it used idle.`;
  if (libraries.length === 0) return [own];
  return [
    `${own} ${listed(libraries)} ran as libraries inside the process that asked: no network, no isolation from the caller, nothing shared with others. Their figures stand side by side because the choice is often between the two, not because they do the same work. Memory is not ranked across the two: of libraries it is that of the process beyond what was there before, mapped files included.`,
  ];
}

/** Engines whose code leaves half of the processor's vector width unused, or more. */
function withoutAvx({ trials, environment }: Results): string[] {
  if (environment.instructions !== 'avx' && environment.instructions !== 'avx512') return [];
  const slow = new Set(trials.filter((row) => row.instructions === 'none').map(({ engine }) => engine));
  if (slow.size === 0) return [];
  return [
    `The native code of ${listed([...slow])} holds no AVX, though the processor has it: compiled for this processor it may be faster. The figures are those of the npm package as it is installed; docs/engines.md says how it is rebuilt.`,
  ];
}

/** How much of the timed loop was the engine's: what is left is the harness's own cost. */
function engineTime({ trials }: Results): string[] {
  const shares = trials
    .flatMap(({ measures }) => measures['engine.share']?.value ?? [])
    .sort((a, b) => a - b);
  const lowest = shares[0];
  const middle = shares[Math.floor(shares.length / 2)];
  if (lowest === undefined || middle === undefined) return [];
  return [
    `Inside the search loop, the engine’s calls took ${formatPercent(middle)} of the wall-clock time in the middle trial and ${formatPercent(lowest)} in the lowest; the rest is the harness noting the answers, which throughput includes and latency does not.`,
  ];
}
