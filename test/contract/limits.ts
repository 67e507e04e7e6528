/** Limits at create and update, what a container uses, and its processes: the same against every engine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { busyboxTar } from "../images.ts";
import type { Subject } from "./contract.ts";
import { call, callJson, messageOf, type Answer } from "./wire.ts";

const IMAGE = "hako-limits:test";
const M = 1024 * 1024;
const isV1 = existsSync("/sys/fs/cgroup/memory");
type Limits = Readonly<Record<string, unknown>>;

/** Refused with 400 before anything is made. */
const REFUSED: readonly (readonly [Limits, string])[] = [
  [{ Memory: 1 }, "Minimum memory limit allowed is 6MB"],
  [{ Memory: 100 * M, MemorySwap: 50 * M }, "Minimum memoryswap limit should be larger than memory limit, see usage"],
  [{ MemorySwap: 50 * M }, "You should always set the Memory limit when using Memoryswap limit, see usage"],
  [{ MemorySwappiness: 101 }, "Invalid value: 101, valid memory swappiness range is 0-100"],
  [{ MemoryReservation: 1 }, "Minimum memory reservation allowed is 6MB"],
  [{ Memory: 10 * M, MemoryReservation: 20 * M }, "Minimum memory limit can not be less than memory reservation limit, see usage"],
  [{ NanoCpus: 1e9, CpuPeriod: 100_000 }, "Conflicting options: Nano CPUs and CPU Period cannot both be set"],
  [{ CpuPeriod: 1 }, "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"],
  [{ CpuQuota: 1 }, "CPU cfs quota can not be less than 1ms (i.e. 1000)"],
  [{ CpuShares: -1 }, "invalid CPU shares (-1): value must be a positive integer"],
  [{ CpusetCpus: "1-0" }, "Invalid value 1-0 for cpuset cpus: invalid format: 1-0"],
  [{ CpusetCpus: "0," }, "Invalid value 0, for cpuset cpus: invalid format: 0,"],
  [{ CpusetCpus: "99999" }, "Invalid value 99999 for cpuset cpus: value of out range, maximum is 8192"],
  [{ CpusetMems: "9" }, "Requested memory nodes are not available - requested 9, available: 0"],
  [{ OomScoreAdj: 1001 }, "Invalid value 1001, range for oom score adj is [-1000, 1000]"],
  [{ ShmSize: -1 }, "SHM size can not be less than 0"],
  [{ IOMaximumIOps: 3 }, "invalid option: QoS maximum IOPs configuration is not supported on linux"],
  [{ BlkioWeight: -1 }, "invalid JSON: json: cannot unmarshal number -1 into Go struct field .HostConfig.BlkioWeight of type uint16"],
  [{ BlkioDeviceReadBps: [{ Path: "/dev/null", Rate: -1 }] }, "invalid JSON: json: cannot unmarshal number -1 into Go struct field .HostConfig.BlkioDeviceReadBps.0.Rate of type uint64"],
];

/** In turn, on a container that was made with 64 MB; `CANNOT` stands for the words with its id. */
const UPDATES: readonly (readonly [Limits | string, number, string, Limits?])[] = [
  [{ Memory: 128 * M }, 200, "", { Memory: 128 * M, MemorySwap: 128 * M }],
  [{ Memory: 200 * M }, 409, "CANNOT: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time"],
  [{ Memory: 256 * M, MemorySwap: 512 * M }, 200, "", { Memory: 256 * M, MemorySwap: 512 * M }],
  [{ Memory: 32 * M, MemorySwap: 64 * M }, 200, "", { Memory: 32 * M, MemorySwap: 64 * M }],
  [{ Memory: 1 }, 400, "Minimum memory limit allowed is 6MB"],
  [{ CpuQuota: 50_000 }, 200, "", { CpuQuota: 50_000 }],
  [{ NanoCpus: 1e9 }, 409, "CANNOT: Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set"],
  [{ CpusetCpus: "0" }, 200, "", { CpusetCpus: "0" }],
  [{ CpusetCpus: "9" }, 400, "Requested CPUs are not available - requested 9, available: 0-1"],
  [{ PidsLimit: 10 }, 200, "", { PidsLimit: 10 }],
  [{ PidsLimit: -1 }, 200, "", { PidsLimit: 0 }],
  [{ RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } }, 200, "", { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } }],
  [{ RestartPolicy: { Name: "" } }, 200, "", { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } }],
  [{ RestartPolicy: { Name: "always", MaximumRetryCount: 3 } }, 400, "invalid restart policy: maximum retry count can only be used with 'on-failure'"],
  [{ RestartPolicy: { Name: "no" } }, 200, "", { RestartPolicy: { Name: "no", MaximumRetryCount: 0 } }],
  [{ Ulimits: [{ Name: "nofile", Soft: 1, Hard: 1 }], CgroupParent: "/x", Unknown: 1 }, 200, "", { CgroupParent: "" }],
  ['"str"', 400, "invalid JSON: json: cannot unmarshal string into Go value of type container.UpdateConfig"],
  [{ Memory: "x" }, 400, "invalid JSON: json: cannot unmarshal string into Go struct field UpdateConfig.Memory of type int64"],
];

const TITLES: readonly (readonly [string, string])[] = [
  ["", "UID PID PPID C STIME TTY TIME CMD"],
  ["aux", "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND"],
  ["-o pid,ppid,user,stat,args", "PID PPID USER STAT COMMAND"],
  ["-ly", "S UID PID PPID C PRI NI RSS SZ WCHAN TTY TIME CMD"],
  ["-eLf", "UID PID PPID LWP C NLWP STIME TTY TIME CMD"],
];
const PS_REFUSALS: readonly (readonly [string, string])[] = [
  ["--foo", "ps: error: unknown gnu long option"],
  ["-o bogus", 'ps: error: unknown user-defined format specifier "bogus"'],
  ["-o comm", "Couldn't find PID field in ps output"],
];

const MEMORY_FIELDS = isV1 ? ["usage", "max_usage", "stats", "limit"] : ["usage", "stats", "limit"];
const keysOf = (value: unknown): string[] => Object.keys(value as object);

export function describeLimits(subject: Subject): void {
  const name = `hako-limits-${process.pid}`;
  const self = `/containers/${name}`;
  const ask = (method: string, target: string): Promise<Answer> => call(subject.socket(), { method, target: `/v1.51${target}` });
  const post = (target: string, body: unknown): Promise<Answer> => callJson(subject.socket(), "POST", `/v1.51${target}`, body);
  const make = (hostConfig: Limits): Promise<Answer> => post(`/containers/create?name=${name}`, { Image: IMAGE, Cmd: ["sleep", "1000"], HostConfig: hostConfig });
  const stats = async (query: string): Promise<Record<string, Record<string, unknown>>> => JSON.parse((await ask("GET", `${self}/stats?${query}`)).text) as Record<string, Record<string, unknown>>;
  const top = (args: string): Promise<Answer> => ask("GET", `${self}/top?ps_args=${encodeURIComponent(args)}`);

  describe(`limits and what is used of them: ${subject.name}`, () => {
    let id = "";
    beforeAll(async () => {
      const answer = await call(subject.socket(), { method: "POST", target: "/images/create?fromSrc=-&repo=hako-limits&tag=test", headers: { "Content-Type": "application/x-tar" }, body: readFileSync(await busyboxTar()) });
      expect(answer.status).toBe(200);
      const made = await make({ Memory: 64 * M });
      expect(made.status).toBe(201);
      id = (JSON.parse(made.text) as { Id: string }).Id;
      expect((await ask("POST", `${self}/start`)).status).toBe(204);
    });
    afterAll(async () => {
      await ask("DELETE", `${self}?force=1`);
      await ask("DELETE", `/images/${IMAGE}?force=1`);
    });

    test.each(REFUSED)("create refuses %j", async (limits, message) => {
      const answer = await post("/containers/create", { Image: IMAGE, Cmd: ["true"], HostConfig: limits });
      expect([answer.status, messageOf(answer)]).toEqual([400, message]);
    });

    test.each(UPDATES.map(([change, status, message, then]) => ({ text: JSON.stringify(change), change, status, message, then })))("update $text", async ({ change, status, message, then }) => {
      const answer = await post(`${self}/update`, change);
      expect(answer.status === 200 ? [200, answer.text.trim()] : [answer.status, messageOf(answer)]).toEqual([status, status === 200 ? '{"Warnings":null}' : message.replace("CANNOT", `Cannot update container ${id}`)]);
      const { HostConfig: now } = JSON.parse((await ask("GET", `${self}/json`)).text) as { HostConfig: Limits };
      if (then) expect(now).toMatchObject(then);
    });

    test("stats: every field, with and without a look before", async () => {
      const two = await stats("stream=0");
      expect(keysOf(two)).toEqual(["name", "id", "read", "preread", "pids_stats", "blkio_stats", "num_procs", "storage_stats", "cpu_stats", "precpu_stats", "memory_stats", "networks"]);
      expect(two).toMatchObject({ name: `/${name}`, id, num_procs: 0, storage_stats: {}, pids_stats: { current: 1 }, memory_stats: { limit: 32 * M }, networks: { eth0: { rx_dropped: 0 } } });
      expect(keysOf(two["cpu_stats"])).toEqual(["cpu_usage", "system_cpu_usage", "online_cpus", "throttling_data"]);
      expect(keysOf(two["precpu_stats"])).toEqual(["cpu_usage", "system_cpu_usage", "online_cpus", "throttling_data"]);
      expect(keysOf(two["memory_stats"])).toEqual(MEMORY_FIELDS);
      expect(keysOf(two["networks"]?.["eth0"])).toEqual(["rx_bytes", "rx_packets", "rx_errors", "rx_dropped", "tx_bytes", "tx_packets", "tx_errors", "tx_dropped"]);
      expect(keysOf(two["memory_stats"]?.["stats"])).toEqual(keysOf(two["memory_stats"]?.["stats"]).toSorted());
      const one = await stats("stream=0&one-shot=1");
      expect(one).toMatchObject({ preread: "0001-01-01T00:00:00Z", precpu_stats: { cpu_usage: { total_usage: 0 } } });
      expect(keysOf(one["precpu_stats"])).toEqual(["cpu_usage", "throttling_data"]);
      const both = await ask("GET", `${self}/stats?stream=1&one-shot=1`);
      expect([both.status, messageOf(both)]).toEqual([400, "cannot have stream=true and one-shot=true"]);
    }, 120_000);

    test.each(TITLES)("top %p", async (args, titles) => {
      const answer = await top(args);
      expect([answer.status, (JSON.parse(answer.text) as { Titles: string[] }).Titles.join(" ")]).toEqual([200, titles]);
    });
    test.each(PS_REFUSALS)("top refuses %p", async (args, message) => {
      const answer = await top(args);
      // Docker says 500 to what is the client's mistake.
      expect([answer.status, messageOf(answer)]).toEqual([subject.kind === "docker" ? 500 : 400, message]);
    });

    test("a container that does not run uses nothing and has no processes", async () => {
      expect((await ask("POST", `${self}/kill`)).status).toBe(204);
      expect((await ask("POST", `${self}/wait`)).status).toBe(200);
      const zero = await ask("GET", `${self}/stats?stream=0`);
      expect(zero.text.trim()).toBe(
        `{"name":"/${name}","id":"${id}","read":"0001-01-01T00:00:00Z","preread":"0001-01-01T00:00:00Z","pids_stats":{},"blkio_stats":{"io_service_bytes_recursive":null,"io_serviced_recursive":null,"io_queue_recursive":null,"io_service_time_recursive":null,"io_wait_time_recursive":null,"io_merged_recursive":null,"io_time_recursive":null,"sectors_recursive":null},"num_procs":0,"storage_stats":{},"cpu_stats":{"cpu_usage":{"total_usage":0,"usage_in_kernelmode":0,"usage_in_usermode":0},"throttling_data":{"periods":0,"throttled_periods":0,"throttled_time":0}},"precpu_stats":{"cpu_usage":{"total_usage":0,"usage_in_kernelmode":0,"usage_in_usermode":0},"throttling_data":{"periods":0,"throttled_periods":0,"throttled_time":0}},"memory_stats":{}}`,
      );
      const answer = await top("-ef");
      expect(messageOf(answer)).toBe(`container ${id} is not running`);
    });
  });
}
