import { join, resolve } from 'node:path';
import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { visible } from '../../common/visible.js';
import { notice, preparation } from '../../harness/app/context.js';
import { displayPath } from '../../harness/app/places.js';
import { type LoadOptions, type LoadResult, loadExport } from '../../migration/load/load.js';
import { loadShared } from '../../migration/load/load-shared.js';
import { type QueryPlan, scanned } from '../../migration/load/query-plans.js';
import { REJECTS } from '../../migration/load/rejects.js';
import type { CommandContext } from '../context.js';
import { lossLine } from './map.js';

export interface LoadCommand {
  mapping: string;
  state?: string;
  workers?: number;
  batch?: number;
  rate?: number;
  rejects?: boolean;
  acceptRejects?: string;
  queue?: string;
  lease?: number;
  wait?: boolean;
}

const SHOWN = 10;

/** `vecproof load`: an export into a new collection. */
export async function loadCommand(
  folder: string,
  { mapping, state, ...command }: LoadCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const path = resolve(context.cwd, mapping);
  const options: LoadOptions = {
    source: resolve(context.cwd, folder),
    mapping: path,
    state: state === undefined ? `${path.replace(/\.ya?ml$/, '')}.load` : resolve(context.cwd, state),
    workers: command.workers,
    batchPoints: command.batch,
    rate: command.rate,
    rejectsOnly: command.rejects,
    acceptRejects: command.acceptRejects,
    cwd: context.cwd,
    env: context.env,
    signal: context.signal,
    onProgress: preparation(context, 'load', 'points'),
    onNotice: (message) => notice(context, message),
  };
  if (command.queue === undefined && (command.lease !== undefined || command.wait === false)) {
    throw new InputError('is about work that is shared', {
      where: command.lease === undefined ? '--no-wait' : '--lease',
      next: 'give it with --queue postgres://user@host/database',
    });
  }
  const { queue, lease, wait = true } = command;
  const result =
    queue === undefined ? await loadExport(options) : await loadShared({ ...options, queue, lease, wait });
  context.progress.end();
  if (result.state === 'others at work') {
    context.out.write(
      `other workers hold all that is left, ${result.seconds.toFixed(0)} s at most until one of their leases ends: run the same command again\n`,
    );
    return EXIT.othersAtWork;
  }
  if (result.state === 'undecided') {
    const lines = result.losses.map(lossLine);
    context.out.write(
      `nothing was loaded: ${lines.length} losses are not accepted\n${lines.join('\n')}\n  next: write why each is acceptable in place of "accepted: false" in ${mapping}, or change the mapping\n`,
    );
    return EXIT.decisionAwaited;
  }
  const rejectsFile = displayPath(join(options.state, REJECTS), context.cwd);
  context.out.write(`${linesOf(result, rejectsFile).join('\n')}\n`);
  return result.state === 'loaded' ? EXIT.passed : EXIT.decisionAwaited;
}

/** How many shapes of filters are answered how, and each that compares every point. */
function planLines(plans: readonly QueryPlan[]): string[] {
  const kinds = new Map<string, number>();
  for (const { plan } of plans) if (plan !== null) kinds.set(plan, (kinds.get(plan) ?? 0) + 1);
  if (kinds.size === 0) return [];
  return [
    `filters of the application: ${[...kinds].map(([kind, count]) => `${count} by ${kind}`).join(', ')}`,
    ...scanned(plans)
      .slice(0, SHOWN)
      .map(({ group, shape, queries, plan }) =>
        visible(`not by an index: ${shape} (group ${group}, ${queries} queries): ${plan}`),
      ),
  ];
}

function linesOf(result: LoadResult & { state: 'loaded' | 'incomplete' }, rejectsFile: string): string[] {
  const { points, leftOut, place, rejects, accepted, plans } = result;
  return [
    `${points} points loaded into ${place}, each read back and equal`,
    ...(leftOut === 0 ? [] : [`${leftOut} points were left out, as accepted`]),
    ...(accepted === 0 ? [] : [`${accepted} points that the target refused stay out, as accepted`]),
    ...planLines(plans),
    ...rejects
      .slice(0, SHOWN)
      .map(({ id, row, cause }) => `rejected: id ${visible(id)} (row ${row}): ${visible(cause)}`),
    ...(rejects.length === 0
      ? []
      : [
          `${rejects.length} points were rejected, all in ${rejectsFile}: correct the cause and load again, or decide with --accept-rejects "<reason>"`,
        ]),
    'compare with: vecproof verify',
  ];
}
