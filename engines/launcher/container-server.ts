import { PassThrough } from 'node:stream';
import type { Endpoint, ImageFacts, LaunchedServer, ServerState } from '../contract/server.js';
import { bridgeAddress } from './address.js';
import { controlGroup, controlGroupOf } from './control-group.js';
import { type Dockerode, isNotFound } from './docker.js';
import type { ServerLog } from './log.js';
import { removeContainer } from './orphans.js';
import { Usage } from './usage.js';
import { diskUsage } from './volume.js';

/** A container that was started, and how its server is reached and asked. */
export interface Started {
  docker: Dockerode;
  id: string;
  image: ImageFacts;
  log: ServerLog;
  /** Host of published ports. */
  host: string;
  /** Port inside the container. */
  port: number;
  dataPath: string;
  secrets: Readonly<Record<string, string>>;
  settings: Readonly<Record<string, string>>;
  startSeconds: number;
  signal: AbortSignal;
  /** Throws while the server does not answer. */
  ask(endpoint: Endpoint): Promise<void>;
}

const ASK_MS = 25;

/** A server in a container of its own. */
export class ContainerServer implements LaunchedServer {
  readonly image: ImageFacts;
  readonly handle: LaunchedServer['handle'];
  readonly ended: Promise<ServerState>;
  controlGroup: LaunchedServer['controlGroup'];
  readonly #started: Started;
  #endpoint: Endpoint | undefined;
  #usage: Usage | undefined;
  /** CPU seconds before the last restart. */
  #cpuBefore = 0;
  #outOfMemoryBefore = false;
  #stopped = false;
  #restarting: Promise<void> | undefined;

  constructor(started: Started) {
    this.#started = started;
    this.image = started.image;
    const { socketPath } = started.docker.modem as { socketPath?: string };
    this.handle = socketPath === undefined ? undefined : { socketPath, id: started.id };
    this.ended = this.#waitForEnd();
  }

  get endpoint(): Endpoint {
    if (this.#endpoint === undefined) throw new Error('the server is not ready yet');
    return this.#endpoint;
  }

  /** Finds the address and asks until it answers, it has ended, or its time is over. */
  async untilReady(): Promise<void> {
    const { ask, signal, startSeconds } = this.#started;
    const end = performance.now() + startSeconds * 1000;
    const endpoint = await this.#connectInfo();
    for (;;) {
      signal.throwIfAborted();
      try {
        await ask(endpoint);
        this.#endpoint = endpoint;
        return;
      } catch (error) {
        const { state, code } = await this.status();
        if (state === 'exited') throw new Error(`it ended with exit code ${code}`);
        if (performance.now() > end) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    }
  }

  memoryPeak(): number | undefined {
    return this.#usage?.takePeak();
  }

  cpuSeconds(): number | undefined {
    const seconds = this.#usage?.cpuSeconds();
    return seconds === undefined ? undefined : this.#cpuBefore + seconds;
  }

  diskBytes(): Promise<number | undefined> {
    const { docker, id, dataPath } = this.#started;
    return diskUsage(docker, id, dataPath);
  }

  async status(): Promise<ServerState> {
    const { docker, id } = this.#started;
    const outOfMemory = this.#outOfMemoryBefore || (this.#usage?.outOfMemory ?? false);
    try {
      const { State } = await docker.getContainer(id).inspect();
      if (State.Paused) return { state: 'paused', outOfMemory };
      if (State.Running) return { state: 'running', outOfMemory };
      return { state: 'exited', code: State.ExitCode, outOfMemory: outOfMemory || State.OOMKilled };
    } catch (error) {
      if (isNotFound(error)) return { state: 'exited', outOfMemory };
      throw error;
    }
  }

  logTail(lines: number): readonly string[] {
    return this.#started.log.tail(lines);
  }

  /** A function and not a method: it is handed on alone. */
  readonly restart = async (how: 'stop' | 'kill'): Promise<Endpoint> => {
    const done = this.#restart(how);
    this.#restarting = done.catch(() => undefined);
    await done;
    return this.endpoint;
  };

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#usage?.stop();
    await removeContainer(this.#started.docker, this.#started.id);
    this.#started.log.close();
  }

  async #restart(how: 'stop' | 'kill'): Promise<void> {
    const { docker, id } = this.#started;
    const container = docker.getContainer(id);
    this.#cpuBefore = this.cpuSeconds() ?? 0;
    this.#outOfMemoryBefore ||= this.#usage?.outOfMemory ?? false;
    this.#usage?.stop();
    // Some servers wait for their clients when asked to end: they are not waited for longer than this.
    if (how === 'stop') await container.stop({ t: 10 });
    else await container.kill();
    await container.start();
    await this.#followLog();
    await this.untilReady();
  }

  /** The log of what was started anew; Docker ends the stream when a container stops. */
  async #followLog(): Promise<void> {
    const { docker, id, log } = this.#started;
    const container = docker.getContainer(id);
    const { State } = await container.inspect();
    const since = Date.parse(State.StartedAt) / 1000;
    const stream = await container.logs({ follow: true, stdout: true, stderr: true, since });
    const text = new PassThrough();
    docker.modem.demuxStream(stream, text, text);
    log.take(text);
  }

  async #connectInfo(): Promise<Endpoint> {
    const { docker, id, host, port, secrets, settings } = this.#started;
    const { State, NetworkSettings } = await docker.getContainer(id).inspect();
    this.#usage?.stop();
    this.controlGroup = State.Pid > 0 ? controlGroupOf(State.Pid) : undefined;
    this.#usage = this.controlGroup === undefined ? undefined : new Usage(controlGroup(this.controlGroup));
    const inner = await bridgeAddress(NetworkSettings.Networks['bridge']?.IPAddress, port);
    // The published port changes with every start.
    const published = Number(NetworkSettings.Ports[`${port}/tcp`]?.[0]?.HostPort);
    const [at, on] = inner === undefined ? [host, published] : [inner, port];
    return { host: at, port: on, tls: false, secrets, settings };
  }

  /** Docker tells when a container ends: nothing has to be asked again and again. */
  async #waitForEnd(): Promise<ServerState> {
    const { docker, id } = this.#started;
    for (;;) {
      try {
        await docker.getContainer(id).wait();
      } catch (error) {
        // Only a container that is gone has ended; a broken connection to Docker says nothing about the server.
        if (!isNotFound(error)) return new Promise(() => undefined);
      }
      if (this.#stopped) return new Promise(() => undefined);
      const restarting = this.#restarting;
      // It has ended, whatever Docker can still say of it.
      if (restarting === undefined)
        return this.status().catch(() => ({ state: 'exited', outOfMemory: false }));
      await restarting;
      if (this.#restarting === restarting) this.#restarting = undefined;
    }
  }
}
