import { connectDocker, type Dockerode, isNotFound } from './docker.js';
import { isOrphan, RUN_LABEL } from './labels.js';

/** A container that a killed run has left. */
export interface Orphan {
  id: string;
  run: string;
  image: string;
}

/** Containers of runs whose process is gone. Throws FailureError if Docker cannot be reached. */
export async function findOrphans(docker?: Dockerode): Promise<Orphan[]> {
  const api = docker ?? (await connectDocker());
  const found = await api.listContainers({ all: true, filters: { label: [RUN_LABEL] } });
  return found
    .filter(({ Labels }) => isOrphan(Labels))
    .map(({ Id, Labels, Image }) => ({ id: Id, run: Labels[RUN_LABEL]!, image: Image }));
}

/** Removes what killed runs have left, with its volumes; returns what it was. */
export async function removeOrphans(docker?: Dockerode): Promise<Orphan[]> {
  const api = docker ?? (await connectDocker());
  const orphans = await findOrphans(api);
  for (const { id } of orphans) await removeContainer(api, id);
  return orphans;
}

/** Removes a container with its anonymous volumes; one that is gone or going is fine. */
export async function removeContainer(docker: Dockerode, id: string): Promise<void> {
  try {
    await docker.getContainer(id).remove({ force: true, v: true });
  } catch (error) {
    const removing = (error as { statusCode?: number }).statusCode === 409;
    if (!isNotFound(error) && !removing) throw error;
  }
}
