import { describe } from 'vitest';
import { messageOf } from '../../common/errors.js';
import type { LaunchRequest } from '../../engines/contract/server.js';
import { connectDocker } from '../../engines/launcher/docker.js';
import { ownLabels, RUN_LABEL } from '../../engines/launcher/labels.js';
import { loadEngine } from '../../engines/registry.js';

type Container = ReturnType<Awaited<ReturnType<typeof connectDocker>>['getContainer']>;

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

const ENGINES = ['pgvector', 'chroma', 'milvus'] as const;
type ServerEngine = (typeof ENGINES)[number];

const missing = new Map<string, string | undefined>(
  await Promise.all(ENGINES.map(async (engine) => [engine, await whyNot(engine)] as const)),
);

/** Tests that need servers in containers: skipped with the reason in their title where there can be none. */
export function describeWith(engines: readonly ServerEngine[], title: string, tests: () => void): void {
  const reason = engines.map((engine) => missing.get(engine)).find((why) => why !== undefined);
  describe.skipIf(reason !== undefined)(
    reason === undefined ? title : `${title} (skipped: ${reason})`,
    tests,
  );
}

export function describeWithPgvector(title: string, tests: () => void): void {
  describeWith(['pgvector'], title, tests);
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

/** Runs a script in a container as root, to its end. */
export async function inside(container: Container, script: string): Promise<void> {
  const exec = await container.exec({
    Cmd: ['sh', '-c', script],
    User: '0',
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({});
  stream.resume();
  await new Promise((resolve) => stream.once('close', resolve).once('end', resolve));
}
