import { describe } from 'vitest';
import { messageOf } from '../../common/errors.js';
import type { LaunchRequest } from '../../engines/launch.js';
import { loadEngine } from '../../engines/registry.js';
import { connectDocker } from '../../engines/server/docker.js';
import { ownLabels, RUN_LABEL } from '../../engines/server/labels.js';

export const never = new AbortController().signal;

/** A request as a run makes it. */
export function request(run: string, more: Partial<LaunchRequest> = {}): LaunchRequest {
  return { mode: 'docker', labels: ownLabels(run), env: process.env, threads: 2, signal: never, ...more };
}

async function whyNot(engine: string): Promise<string | undefined> {
  try {
    const { server } = await loadEngine(engine);
    await (await server!.load()).prepare(request('look'));
    return undefined;
  } catch (error) {
    return messageOf(error).split('\n', 1)[0];
  }
}

const pgvectorMissing = await whyNot('pgvector');

/** Tests that need a PostgreSQL in a container: skipped with the reason in their title where there can be none. */
export function describeWithPgvector(title: string, tests: () => void): void {
  const why = pgvectorMissing === undefined ? '' : ` (skipped: ${pgvectorMissing})`;
  describe.skipIf(pgvectorMissing !== undefined)(`${title}${why}`, tests);
}

/** Containers of a run, in whatever state. */
export async function containersOf(run: string): Promise<string[]> {
  const docker = await connectDocker();
  const found = await docker.listContainers({ all: true, filters: { label: [`${RUN_LABEL}=${run}`] } });
  return found.map(({ Id }) => Id);
}

/** Anonymous volumes that a container has. */
export async function volumesOf(id: string): Promise<string[]> {
  const docker = await connectDocker();
  const { Mounts } = await docker.getContainer(id).inspect();
  return Mounts.flatMap(({ Name }) => (Name === undefined ? [] : [Name]));
}

export async function volumeExists(name: string): Promise<boolean> {
  const docker = await connectDocker();
  const { Volumes } = await docker.listVolumes();
  return Volumes.some((volume) => volume.Name === name);
}
