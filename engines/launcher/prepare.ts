import { FailureError, messageOf } from '../../common/errors.js';
import type { ImageFacts, LaunchRequest } from '../contract/server.js';
import { connectDocker, type Dockerode, type FoundImage, findImage, pullImage } from './docker.js';
import { digestIn, imageCandidates, imageFacts, imageRemedy, imageVariable } from './images.js';

/**
 * The image to start, pulled if it is nowhere on this machine. Throws FailureError if Docker cannot be reached or
 * the image is not available, with what to do about it.
 */
export async function prepareImage(
  engine: string,
  request: LaunchRequest,
): Promise<{ docker: Dockerode; image: ImageFacts }> {
  const docker = await connectDocker();
  const { names, origin } = imageCandidates(engine, request.image, request.env);
  for (const name of names) {
    const found = await findImage(docker, name);
    if (found !== undefined) return { docker, image: checkedFacts(engine, name, found) };
  }
  const wanted = names[0]!;
  await pull(docker, engine, wanted, origin, request);
  const found = await findImage(docker, wanted);
  if (found === undefined) throw new Error(`${wanted} was pulled and is not there`);
  return { docker, image: checkedFacts(engine, wanted, found) };
}

/** @throws FailureError if an image that was asked for by its content is another one */
function checkedFacts(engine: string, name: string, found: FoundImage): ImageFacts {
  const wanted = digestIn(name);
  if (wanted !== undefined && !found.digests.includes(wanted)) {
    throw new FailureError('the image on this machine is not the one that was asked for', {
      where: `${engine}: ${name}`,
      got: found.digest,
      next: `make "docker pull ${name}" work, or name another image with ${imageVariable(engine)}`,
    });
  }
  return imageFacts(engine, name, wanted === undefined ? found : { ...found, digest: wanted });
}

const failures = new Map<string, unknown>();

/** Tries once per process: without a registry each try may take long. */
async function pull(
  docker: Dockerode,
  engine: string,
  name: string,
  origin: string,
  request: LaunchRequest,
): Promise<void> {
  let failure = failures.get(name);
  if (failure === undefined) {
    request.onNotice?.(`pulling the image ${name}`);
    try {
      await pullImage(docker, name, request.signal);
      return;
    } catch (error) {
      request.signal.throwIfAborted();
      failures.set(name, error);
      failure = error;
    }
  }
  throw new FailureError(
    `the image is not on this machine and cannot be pulled: ${messageOf(failure).trim()}`,
    {
      where: `${engine}: ${name} (${origin})`,
      next: imageRemedy(engine, name),
      cause: failure,
    },
  );
}
