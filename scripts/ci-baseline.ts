import { cpSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FailureError, InputError } from '../common/errors.js';
import { makeFolder } from '../common/files.js';
import { listBaselines } from '../harness/store/baselines.js';
import { readEvents } from '../harness/store/event-log.js';
import { readHistory } from '../harness/store/history.js';
import { partsOf, readDatasetsManifest, readManifest } from '../harness/store/manifests.js';
import { listRuns, runFolder } from '../harness/store/run-folder.js';

/** Where a baseline may come from: this repository, branch and workflow, and nothing else. */
export interface Origin {
  repository: string;
  repositoryId: number;
  branch: string;
  /** File name of the workflow. */
  workflow: string;
  /** Of the artifact. */
  artifact: string;
}

/** What is used of GitHub's answers. */
interface WorkflowRun {
  id: number;
  head_branch: string | null;
  event: string;
  path: string;
  head_repository: { id: number } | null;
  repository: { id: number };
}

/** @returns the answer of GitHub's API to a path below `/repos/<repository>` */
export type Ask = (path: string) => Promise<unknown>;

/** Events that only people with write access, or the clock, set off. */
const EVENTS: ReadonlySet<string> = new Set(['schedule', 'workflow_dispatch', 'push']);

/**
 * The newest run that has the artifact and is ours. An artifact's name alone says nothing: the workflow of a pull request,
 * as a fork has changed it, may upload one of any name.
 * @returns undefined where there is none yet
 */
export async function newestBaseline(origin: Origin, ask: Ask): Promise<number | undefined> {
  const { workflow, branch, artifact } = origin;
  const query = `branch=${encodeURIComponent(branch)}&status=completed&per_page=50`;
  const { workflow_runs: runs } = (await ask(`/actions/workflows/${workflow}/runs?${query}`)) as {
    workflow_runs: WorkflowRun[];
  };
  for (const run of runs.filter((each) => isOurs(each, origin))) {
    const { artifacts } = (await ask(
      `/actions/runs/${run.id}/artifacts?name=${encodeURIComponent(artifact)}`,
    )) as {
      artifacts: { name: string; expired: boolean }[];
    };
    if (artifacts.some(({ name, expired }) => name === artifact && !expired)) return run.id;
  }
  return undefined;
}

/** Looked at again here: a question that the API reads otherwise must not let another run in. */
export function isOurs(run: WorkflowRun, { repositoryId, branch, workflow }: Origin): boolean {
  return (
    run.repository.id === repositoryId &&
    run.head_repository?.id === repositoryId &&
    run.head_branch === branch &&
    EVENTS.has(run.event) &&
    run.path.replace(/@.*$/, '') === `.github/workflows/${workflow}`
  );
}

/** Asks GitHub with the token of the job, which goes nowhere else. */
export function askGithub({ repository }: Pick<Origin, 'repository'>, env: NodeJS.ProcessEnv): Ask {
  const base = env['GITHUB_API_URL'] ?? 'https://api.github.com';
  return async (path) => {
    const answer = await fetch(`${base}/repos/${repository}${path}`, {
      headers: { accept: 'application/vnd.github+json', authorization: `Bearer ${env['GH_TOKEN'] ?? ''}` },
      redirect: 'manual',
    });
    if (answer.status === 200) return answer.json();
    throw new FailureError(`GitHub answers HTTP ${answer.status}`, { where: path.split('?')[0] });
  };
}

/**
 * Takes the runs of an unpacked artifact over as what they are: data. All of it is read by its schemas first, links and
 * strange names are refused, and nothing that is there is overwritten.
 * @throws InputError, and nothing was taken
 */
export function takeRuns(from: string, to: string): string[] {
  requirePlainFiles(from);
  const runs = listRuns(from);
  for (const id of runs) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(id))
      throw new InputError('is no name of a run', { where: from, got: id });
    const folder = runFolder(join(from, id));
    if (readDatasetsManifest(folder) === undefined) {
      readManifest(folder);
      readEvents(folder);
    }
    for (const part of partsOf(folder) ?? []) readEvents(part.folder);
  }
  listBaselines(from);
  readHistory(from);
  makeFolder(to);
  for (const name of [...runs, 'baselines.json', 'history.jsonl']) {
    if (readdirSync(from).includes(name))
      cpSync(join(from, name), join(to, name), { recursive: true, force: false, errorOnExist: true });
  }
  return runs;
}

function requirePlainFiles(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const found = lstatSync(join(folder, name));
    if (!found.isFile() && !found.isDirectory())
      throw new InputError('is neither a file nor a folder', { where: join(folder, name) });
  }
}
