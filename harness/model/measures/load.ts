import { LOAD_ERROR_KINDS } from '../load-errors.js';
import type { MeasureDefinition } from './measure.js';

const ERRORS: Readonly<Record<(typeof LOAD_ERROR_KINDS)[number], { head: string; what: string }>> = {
  timeout: { head: 'time-outs', what: 'got no answer within the time-out of the workload' },
  unsent: {
    head: 'not sent',
    what: 'found no free place on the way (inFlight) within the time-out after they were due: the engine, or the client, did not keep up',
  },
  connection: { head: 'connection', what: 'failed because their connection broke or could not be opened' },
  other: { head: 'engine', what: 'were answered with another error by the engine or its client' },
};

/** How a load went beside its latency and throughput. */
export const LOAD: readonly MeasureDefinition[] = [
  {
    name: 'load.offered',
    title: 'Offered rate',
    head: ['Offered', 'rate'],
    unit: 'queries/s',
    kind: 'time',
    better: 'neither',
    definition:
      'Queries that were due, per second between the first and the last due time. Of an open loop (constant-rate, ramping-rate), whose queries are due whether earlier ones were answered or not.',
    absent: 'the workload is a closed loop',
  },
  {
    name: 'load.inFlight',
    title: 'Queries on their way',
    head: ['On their', 'way'],
    unit: 'ratio',
    kind: 'time',
    better: 'neither',
    definition:
      'Mean number of queries sent and not yet answered: the sum of their times from sent to answered, divided by the wall-clock time (Little’s law).',
    absent: 'the workload is serial',
  },
  {
    name: 'load.queued',
    title: 'Waited for a place',
    head: ['Waited', 'for a place'],
    unit: 'share',
    kind: 'time',
    better: 'lower',
    definition:
      'Share of the queries that found all places (inFlight; one where the engine blocks its process) taken when they were due, and waited. Their latency holds that wait.',
    absent: 'the workload is a closed loop',
  },
  {
    name: 'load.sendLag.p99',
    title: 'Send lag p99',
    head: ['Send lag', 'p99'],
    unit: 'ms',
    kind: 'time',
    better: 'lower',
    definition:
      '99th percentile of the time from due to sent, of queries that found a free place: how late the client is. Above a tenth of latency.p99 the trial has the flag late-client.',
    absent: 'the workload is a closed loop, or fewer than 100 queries found a free place',
  },
  {
    name: 'load.recallLoss',
    title: 'Recall lost under load',
    head: ['Recall lost', 'under load'],
    unit: 'share',
    kind: 'mean',
    better: 'lower',
    definition:
      'Mean over queries of recall.ties (at the depth asked for) with the workload serial less that under this load, on the same build with the same setting; below 0: more was found under load. A query that failed has recall 0. If all of its interval is above 0 and it is 0.002 or more, the trial has the flag worse-under-load.',
    absent: 'the workload is serial, or the setting was not measured with it, too',
  },
  {
    name: 'client.cores',
    title: 'Client CPU',
    head: ['Client', 'cores'],
    unit: 'ratio',
    kind: 'time',
    better: 'lower',
    definition:
      'CPU time of the process that sends queries to a server, divided by the wall-clock time, of the pass in which that was most; without the time in which an open loop only looks whether the next query is due. Above 0.8 for each thread that sends (`threads` of the workload) the trial has the flag busy-client.',
    absent: 'the workload is serial, or the engine runs inside the process, whose CPU is the engine’s',
  },
  {
    name: 'cpu.perMillion',
    title: 'CPU per million queries',
    head: ['CPU per', 'million queries'],
    unit: 's',
    kind: 'time',
    better: 'lower',
    withinKind: true,
    definition:
      'Core-seconds for a million answered queries under this load: of an embedded engine the CPU of its process, in cores, divided by throughput (what sends the queries is in it); of a server that of its container while the trial was searched, over the seconds of the load and its warm-up, divided by throughput.',
    absent: 'the workload is serial, or nobody counts the CPU of the server',
  },
  {
    name: 'price.perMillion',
    title: 'Price per million queries',
    head: ['Price per', 'million queries'],
    unit: 'ratio',
    kind: 'time',
    better: 'lower',
    definition:
      'Price of an hour of the engine’s machine (cost: in the suite, in its currency), for the time in which this load answers a million queries: perHour / 3600 · 10⁶ / throughput.',
    absent: 'the workload is serial, or the suite states no price',
  },
  {
    name: 'client.floor.p50',
    title: 'Floor p50',
    head: ['Floor', 'p50'],
    unit: 'ms',
    kind: 'time',
    better: 'neither',
    definition:
      'Median latency of the same workload for a moment on an echo with queries and answers of the same size: over HTTP or TCP on the loopback, as the client of the server does, or a function that does nothing where the engine runs inside the process. It is never subtracted. Of each pass the lower one of before and after it; the value is the median of the passes. A trial of which in half of the passes the median latency is under three times that has the flag near-floor.',
    absent: 'the workload is serial',
  },
  {
    name: 'client.floor.p99',
    title: 'Floor p99',
    head: ['Floor', 'p99'],
    unit: 'ms',
    kind: 'time',
    better: 'neither',
    definition: '99th percentile of the latencies of client.floor.p50.',
    absent: 'the workload is serial',
  },
  {
    name: 'client.floor.throughput',
    title: 'Floor throughput',
    head: ['Floor', 'throughput'],
    unit: 'queries/s',
    kind: 'time',
    better: 'neither',
    definition:
      'Queries per second that the echo of client.floor.p50 answered, which shares the machine’s cores with the client; of one thread, where the workload has several. Of an open loop: about the offered rate.',
    absent: 'the workload is serial',
  },
  {
    name: 'client.timer',
    title: 'Lateness of timers',
    head: ['Timer', 'late by'],
    unit: 'ms',
    kind: 'time',
    better: 'lower',
    definition: 'How late, at most, 20 waits of 2.5 ms of the sending process ended before the load began.',
    absent: 'the workload is serial',
  },
  {
    name: 'server.cores',
    title: 'Server CPU under load',
    head: ['Server', 'cores'],
    unit: 'ratio',
    kind: 'time',
    better: 'neither',
    definition:
      'CPU time of all processes in the server’s container while a pass was sent, divided by the wall-clock time, of the pass in which that was most. Above nine tenths of the cores it may use (cpus of the suite, else the machine’s) the trial has the flag busy-server.',
    absent: 'the workload is serial, or the engine is no server of this machine’s Docker',
  },
  ...LOAD_ERROR_KINDS.map(
    (kind): MeasureDefinition => ({
      name: `errors.${kind}`,
      title: `Failed: ${ERRORS[kind].head}`,
      head: ['Failed', ERRORS[kind].head],
      unit: 'count',
      kind: 'count',
      better: 'lower',
      definition: `Queries that ${ERRORS[kind].what}. They are part of errors.`,
      absent: 'the workload is serial',
    }),
  ),
];
