import { dirname, join } from 'node:path';
import { EXIT, type ExitCode, InputError, InterruptedError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { keepSecrets } from '../../common/secrets.js';
import { oneLine } from '../../common/visible.js';
import { displayPath } from '../../harness/app/places.js';
import { observe } from '../../migration/monitor/metrics.js';
import type { Alert, Compared, MonitorView } from '../../migration/monitor/model.js';
import { Monitor, type MonitorOptions } from '../../migration/monitor/monitor.js';
import { type Replay, replay } from '../../migration/monitor/replay.js';
import { MonitorServer } from '../../migration/monitor/server.js';
import { MONITOR } from '../../migration/monitor/state.js';
import { formatNumber, formatShare } from '../../reports/format.js';
import { renderMonitorPage } from '../../reports/monitor/page.js';
import type { CommandContext } from '../context.js';
import { sendFigures } from '../telemetry.js';
import { printJson } from '../terminal.js';

export interface MonitorCommand {
  once?: boolean;
  every?: number;
  for?: number;
  port?: number;
  replay?: string;
  json?: boolean;
}

const PAGE = 'index.html';
const TOKEN = 'VECPROOF_MONITOR_TOKEN';
const SHORTEST_TOKEN = 16;

/** `vecproof monitor`: exit code 1 if a gate fails in the end, 3 if a place does not answer. */
export async function monitorCommand(
  plan: string,
  { once = false, every, for: forSeconds, port, replay: what, json = false }: MonitorCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const { runs, cwd, env, signal, hide } = context;
  const options: MonitorOptions = { plan, home: dirname(runs), cwd, env, signal, hide };
  if (what !== undefined) return printReplay(await replay(options, what), json, context);
  const monitor = await Monitor.open(options);
  const closing: (() => Promise<void> | void)[] = [() => monitor.close()];
  try {
    const page = (view: MonitorView) =>
      writeFileAtomic(join(monitor.folder, MONITOR, PAGE), renderMonitorPage(view));
    const server = port === undefined ? undefined : await serve(monitor, port, json, context);
    if (server !== undefined) closing.push(() => server.close());
    // Before its provider's figures are taken off, the last ones are sent.
    const sent = await sendFigures(context);
    closing.push(observe(() => monitor.view()));
    if (sent !== undefined) closing.push(sent);
    let told = monitor.view().alerts.at(-1)?.id;
    const onRound = (view: MonitorView) => {
      page(view);
      server?.changed();
      if (json) context.out.write(`${JSON.stringify(view)}\n`);
      // The list is bounded: where the last one told is no longer in it, all are new.
      else
        context.out.write(
          `${roundLines(view, view.alerts.slice(1 + view.alerts.findIndex(({ id }) => id === told))).join('\n')}\n`,
        );
      told = view.alerts.at(-1)?.id;
    };
    const view = once
      ? await single(monitor, onRound)
      : await untilEnd(monitor, { every, forSeconds }, onRound, signal);
    if (!json)
      context.out.write(
        `${oneLine(view.answer)}\npage: ${displayPath(join(monitor.folder, MONITOR, PAGE), cwd)}\n`,
      );
    if (view.state === 'alarm') return EXIT.gateFailed;
    return view.state === 'down' ? EXIT.engineOrDatasetFailed : EXIT.passed;
  } finally {
    while (closing.length > 0) await closing.pop()!();
  }
}

async function single(monitor: Monitor, onRound: (view: MonitorView) => void): Promise<MonitorView> {
  const view = await monitor.round();
  onRound(view);
  return view;
}

/** An interrupted watch has ended as it is meant to: its state is on disk. */
async function untilEnd(
  monitor: Monitor,
  timing: { every: number | undefined; forSeconds: number | undefined },
  onRound: (view: MonitorView) => void,
  signal: AbortSignal,
): Promise<MonitorView> {
  try {
    return await monitor.run(timing, onRound);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new InterruptedError('interrupted', { cause: error });
  }
}

async function serve(
  monitor: Monitor,
  port: number,
  json: boolean,
  { env, out, err }: CommandContext,
): Promise<MonitorServer> {
  const token = env[TOKEN] === '' ? undefined : env[TOKEN];
  if (token !== undefined && token.length < SHORTEST_TOKEN)
    throw new InputError(`is too short for a token: at least ${SHORTEST_TOKEN} characters`, { where: TOKEN });
  if (token !== undefined)
    keepSecrets([{ name: TOKEN, value: token, shown: `<${TOKEN}>`, credential: true }]);
  const server = new MonitorServer({
    view: () => monitor.view(),
    page: renderMonitorPage,
    takeSignals: (events) => monitor.takeSignals(events),
    token,
  });
  const bound = await server.listen(port);
  const signals = token === undefined ? `, /signals needs ${TOKEN}` : ', /signals';
  (json ? err : out).write(`http://127.0.0.1:${bound}/ (also /monitor.json, /metrics${signals})\n`);
  return server;
}

function roundLines(view: MonitorView, alerts: readonly Alert[]): string[] {
  const last = view.rounds.at(-1);
  const parts = [
    `${last?.compared ?? 0} compared`,
    ...((last?.apart ?? 0) > 0 ? [`${last!.apart} set apart`] : []),
    ...((last?.failed ?? 0) > 0 ? [`${last!.failed} failed`] : []),
    ...(last?.overlap === undefined ? [] : [`overlap ${formatShare(last.overlap)}`]),
    ...(last?.visible === undefined ? [] : [`found after ${formatNumber(last.visible)} s`]),
    ...(last?.latency.target === undefined ? [] : [`p95 ${formatNumber(last.latency.target.p95)} ms`]),
    ...(view.missing.length > 0 ? [`${view.missing.length} missing in the target`] : []),
    ...(view.findings.length > 0 ? [`${view.findings.length} served and should not be`] : []),
  ];
  return [
    `${view.at.slice(11, 19)} ${view.state}: ${parts.join(', ')}`,
    ...alerts.flatMap(({ to, words, cause, command }) => [
      `  ${to === 'fail' ? '✗' : '✓'} ${oneLine(words)}`,
      `    ${oneLine(cause)}`,
      `    ${oneLine(command)}`,
    ]),
  ];
}

function printReplay(found: Replay, json: boolean, { out }: CommandContext): ExitCode {
  const { alert, answers, marker, unknown, still } = found;
  if (json) printJson(out, found, 2);
  else
    out.write(
      `${[
        ...(alert === undefined ? [] : [`${alert.id} of ${alert.time}: ${alert.words}`, `  ${alert.cause}`]),
        ...answers.flatMap(answerLines),
        ...(marker === undefined ? [] : [`marker: ${markerWords(marker)}`]),
        ...unknown.map((id) => `${id}: is no longer among the queries of the plan`),
        ...(still.length === 0
          ? ['nothing of it is so any more']
          : ['still so:', ...still.map((each) => `  ${each}`)]),
      ]
        .map((line) => oneLine(line))
        .join('\n')}\n`,
    );
  return still.length === 0 ? EXIT.passed : EXIT.gateFailed;
}

/** Both answers side by side; a sign where a hit is in one of them alone. */
function answerLines({ query, hits, failed, overlap, ms }: Compared): string[] {
  const time = (each: number | undefined) => (each === undefined ? '' : ` ${formatNumber(each)} ms`);
  const title = `${query}: ${failed === undefined ? `overlap ${overlap === undefined ? 'not comparable' : formatShare(overlap)}` : `the ${failed.side} fails: ${failed.why}`}`;
  const rows = Array.from({ length: Math.max(hits.source.length, hits.target.length) }, (_, at) => {
    const [a = '', b = ''] = [hits.source[at], hits.target[at]];
    const sign = (row: string, other: readonly string[]) => (row === '' || other.includes(row) ? ' ' : '✗');
    return `  ${String(at + 1).padStart(3)} ${sign(a, hits.target)} ${a.padEnd(32)} ${sign(b, hits.source)} ${b}`;
  });
  return [title, `${`      source${time(ms.source)}`.padEnd(42)}target${time(ms.target)}`, ...rows];
}

function markerWords(marker: NonNullable<Replay['marker']>): string {
  if (marker.state === 'failed') return marker.why;
  if (marker.state === 'lost') return `not found within ${formatNumber(marker.after)} s`;
  return `found after ${formatNumber(marker.visible)} s, gone after ${formatNumber(marker.gone)} s`;
}
