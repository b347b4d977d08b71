import { dirname, join } from 'node:path';
import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { suggest } from '../../common/nearest.js';
import { oneLine } from '../../common/visible.js';
import { notice, preparation } from '../../harness/app/context.js';
import { displayPath } from '../../harness/app/places.js';
import { readHistory } from '../../harness/store/history.js';
import { STAGE_NAMES, type StageName } from '../../migration/plan/events.js';
import { FILES } from '../../migration/plan/folder.js';
import {
  followMigration,
  type MigrationOptions,
  migrate,
  migrationStatus,
} from '../../migration/plan/migrate.js';
import type { MigrationView, StageView } from '../../migration/plan/view.js';
import { formatCount } from '../../reports/format.js';
import { renderMigrationPage } from '../../reports/migration-page/page.js';
import { writeFiles } from '../../reports/write.js';
import type { CommandContext } from '../context.js';
import { sendFigures } from '../telemetry.js';
import { printJson } from '../terminal.js';

export interface MigrateCommand {
  accept: readonly string[];
  again: readonly string[];
  reason?: string;
  by?: string;
  status?: boolean;
  page?: boolean;
  follow?: boolean;
  pause?: boolean;
  resume?: boolean;
  rollback?: boolean;
  json?: boolean;
}

/** `vecproof migrate`: a plan as far as it goes. */
export async function migrateCommand(
  plan: string,
  given: MigrateCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const { accept, again, reason, by, status = false, page = false, json = false } = given;
  const { runs, cwd, env, signal, hide } = context;
  const options: MigrationOptions = { plan, home: dirname(runs), cwd, env, signal, hide };
  if (status || page) {
    const view = await migrationStatus(options);
    if (page && view.state === 'not begun')
      throw new InputError('has not begun', {
        where: plan,
        next: `begin it with "vecproof migrate ${plan}"`,
      });
    if (page) writePage(view);
    print(view, json, context);
    return exitOf(view);
  }
  if (given.follow === true) return followCommand(options, context);
  const { view } = await migrate({
    ...options,
    accept,
    again: again.map(stageOf),
    reason,
    by,
    command: commandOf(given),
    onProgress: (stage, done, total) => preparation(context, stage, 'points')(done, total),
    onNotice: (message) => notice(context, message),
    onRun: (run) => void writeFiles(run, ['html', 'csv'], readHistory(dirname(run.folder.path))),
    onStage: (now, stage, what) => {
      writePage(now);
      if (what === 'started' || json) return;
      context.progress.end();
      context.out.write(`${stageLine(now.stages.find(({ name }) => name === stage)!)}\n`);
    },
  });
  writePage(view);
  context.progress.end();
  if (json) printJson(context.out, view, 2);
  else context.out.write(`${[...outcomeLines(view), pageLine(view, cwd)].join('\n')}\n`);
  // What was asked for has happened, whatever state that is.
  return given.pause === true || given.rollback === true ? EXIT.passed : exitOf(view);
}

function commandOf({ pause, resume, rollback }: MigrateCommand): 'pause' | 'resume' | 'rollback' | undefined {
  if (pause === true) return 'pause';
  if (resume === true) return 'resume';
  return rollback === true ? 'rollback' : undefined;
}

/** Until it is interrupted. */
async function followCommand(options: MigrationOptions, context: CommandContext): Promise<ExitCode> {
  const sent = await sendFigures(context);
  try {
    await followMigration(
      options,
      ({ applied, backlog, paused }) =>
        context.out.write(
          paused
            ? 'paused: nothing is applied\n'
            : `${formatCount(applied)} changes applied, ${formatCount(backlog)} behind\n`,
        ),
      (message) => notice(context, message),
    );
  } finally {
    await sent?.();
  }
  return EXIT.interrupted;
}

function stageOf(name: string): StageName {
  const found = STAGE_NAMES.find((each) => each === name);
  if (found !== undefined) return found;
  throw new InputError(suggest(`there is no stage "${name}"`, name, STAGE_NAMES), { where: '--again' });
}

function writePage(view: MigrationView): void {
  writeFileAtomic(join(view.folder, FILES.page), renderMigrationPage(view));
}

function exitOf({ state }: MigrationView): ExitCode {
  if (state === 'waiting' || state === 'paused') return EXIT.decisionAwaited;
  return state === 'failed' || state === 'under-way' ? EXIT.gateFailed : EXIT.passed;
}

function print(view: MigrationView, json: boolean, { out, cwd }: CommandContext): void {
  if (json) {
    printJson(out, view, 2);
    return;
  }
  const head = `${view.name}: ${oneLine(view.source)} to ${oneLine(view.target)}`;
  out.write(
    `${[head, ...view.stages.map(stageLine), ...outcomeLines(view), pageLine(view, cwd)].join('\n')}\n`,
  );
}

const SIGNS: Readonly<Partial<Record<StageView['state'], string>>> = {
  done: '✓',
  failed: '✗',
  distrusted: '✗',
  waiting: '?',
  'under-way': '…',
};

function stageLine({ name, state, says, why, seconds }: StageView): string {
  // The rest of an error follows by itself.
  const words = state === 'done' || state === 'waiting' ? says : why?.split('\n', 1)[0];
  const time = seconds === undefined || state !== 'done' ? '' : ` (${seconds.toFixed(1)} s)`;
  return `  ${SIGNS[state] ?? '·'} ${name.padEnd(10)} ${state}${words === undefined ? '' : `: ${oneLine(words)}`}${time}`;
}

const SHOWN = 12;

function outcomeLines({ answer, decisions, groups }: MigrationView): string[] {
  const shown = decisions
    .slice(0, SHOWN)
    .flatMap(({ words, details, command }) => [
      `  ${oneLine(words)}`,
      ...details.map((each) => `      ${oneLine(each)}`),
      `      ${oneLine(command)}`,
    ]);
  const rest = decisions.length - SHOWN;
  const together =
    groups.length === 0
      ? []
      : ['  all of a kind at once:', ...groups.map((each) => `      ${oneLine(each)}`)];
  return [
    oneLine(answer),
    ...shown,
    ...together,
    ...(rest > 0 ? [`  and ${formatCount(rest)} more: --status --json`] : []),
  ];
}

/** Where to read on. A migration of that name may have begun in another folder: which one was looked at is said. */
function pageLine({ folder, state }: MigrationView, cwd: string): string {
  if (state === 'not begun') return `There is nothing of it in ${displayPath(folder, cwd)}.`;
  return `page: ${displayPath(join(folder, FILES.page), cwd)}`;
}
