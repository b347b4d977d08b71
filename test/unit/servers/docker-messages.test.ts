import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dockerFailure } from '../../../engines/launcher/docker-failure.js';
import { buildCommand, imageRemedy } from '../../../engines/launcher/images.js';
import { temporaryFolder } from '../../e2e/helpers/workspace.js';

/** What the client library says, whatever the cause. */
const JARGON = new Error('Could not find a working container runtime strategy');

describe('Docker that cannot be reached is told in words of its own', () => {
  test.each([
    [
      'no socket',
      async () => `unix://${join(temporaryFolder(), 'docker.sock')}`,
      /Docker is not running on this machine, or not installed/,
      /install Docker and start it/,
    ],
    [
      'nothing listens',
      async () => 'tcp://127.0.0.1:1',
      /Docker is not running: the connection was refused/,
      /start Docker/,
    ],
  ])('%s', async (_, host, what, next) => {
    const address = await host();
    const failure = await dockerFailure(JARGON, { DOCKER_HOST: address });
    expect(failure.what).toMatch(what);
    expect(failure.next).toMatch(next);
    expect(failure.next).toContain('url:');
    expect(failure.where).toBe(`Docker at ${address} (DOCKER_HOST)`);
    expect(failure.message).not.toContain('strategy');
    expect(failure.cause).toBe(JARGON);
  });

  test('where something listens, its own words are all there is', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const failure = await dockerFailure(new Error('client version is too new'), {
      DOCKER_HOST: `tcp://127.0.0.1:${port}`,
    });
    expect(failure.what).toBe('Docker cannot be used: client version is too new');
    server.close();
  });
});

describe('an image that is not here', () => {
  test('comes with the command that builds it, and what that takes', () => {
    expect(buildCommand('pgvector')).toBe('npm run docker:build pgvector');
    expect(imageRemedy('pgvector', 'some:image')).toBe(
      'make "docker pull some:image" work, build it from packages with "npm run docker:build pgvector" (as root, with debootstrap), or name another image with VECPROOF_IMAGE_PGVECTOR',
    );
  });

  test('of an engine without a Dockerfile is not recommended to be built', () => {
    expect(buildCommand('qdrant')).toBeUndefined();
    const remedy = imageRemedy('qdrant', 'qdrant/qdrant:v1');
    expect(remedy).not.toContain('docker:build');
    expect(remedy).toContain('url:');
    expect(remedy).toContain('VECPROOF_IMAGE_QDRANT');
  });
});
