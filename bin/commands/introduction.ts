import { tmpdir } from 'node:os';
import { countDescriptors, type MessageTransform } from '../../lib/transforms/transform.js';
import { descriptorBudget, descriptorLimit } from '../../lib/util/descriptors.js';
import { redact } from '../../lib/util/redact.js';
import { formatSize } from '../../lib/util/size.js';
import type { Command } from '../arguments.js';
import { version } from '../version.js';

/**
 * Describes a relay for `--verbose`: versions, limits, files, the room and the transforms, on one line each. Called before
 * the port is opened, because the number of clients depends on the descriptors that are open then.
 */
export function describeRelay(
  { relay, audit, pidFile, room, transforms: specs }: Command & { kind: 'run' },
  transforms: readonly MessageTransform[],
  { maxClients = descriptorBudget(countDescriptors(transforms)).maxConnections } = {},
): string[] {
  const { maxLineBytes = 0, memoryBytes = 0, spillLimitBytes, spillDir = tmpdir() } = relay;
  const descriptors = descriptorLimit();
  const spillLimit =
    spillLimitBytes === undefined
      ? 'all but 10 % (at most 1G) of the disk'
      : `${formatSize(spillLimitBytes)} on disk`;
  const { path, format = 'text' } = audit ?? {};
  return [
    `version ${version()} on Node.js ${process.versions.node} (${process.platform} ${process.arch})`,
    `limits: ${descriptors === Number.MAX_SAFE_INTEGER ? 'unlimited' : descriptors} file descriptors, ${maxClients} clients, ` +
      `lines of ${formatSize(maxLineBytes)}, backlog of ${formatSize(memoryBytes)} in memory and ${spillLimit}`,
    `files: spill directory ${spillDir}, ${path === undefined ? 'no audit' : `audit ${path} (${format})`}, ` +
      `${pidFile === undefined ? 'no pid file' : `pid file ${pidFile}`}`,
    `room: ${room === undefined ? 'of this relay alone' : redact(room.url)}`,
    `transforms: ${specs.length === 0 ? 'none' : specs.map(({ text }) => text).join(', ')}`,
  ];
}
