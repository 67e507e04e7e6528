import { EngineError } from "../base/mod.ts";
import { parseReference } from "../spec/mod.ts";
import { TAR_TYPE } from "./media-types.ts";
import { filters, flag, list, platform, platforms, text } from "./query.ts";
import { registryAuth } from "./registry-auth.ts";
import { empty, json, route, stream } from "./route.ts";
import { notYet, progress } from "./streams.ts";

const LIST_FILTERS = ["before", "dangling", "label", "reference", "since", "until"];
const PRUNE_FILTERS = ["dangling", "label", "label!", "until", "unused-for"];

export const images = [
  route("GET /images/json", {
    summary: "Lists images.",
    query: { all: flag("Also those that only others are made of."), filters: filters(LIST_FILTERS), "shared-size": flag("With the size shared with others."), digests: flag("Has no effect: digests are always there."), manifests: flag("With the entries of the index that each stands for.") },
    failures: [400],
    respond: async ({ engine, query }) => json(await engine.listImages({ all: query.all, filters: query.filters, sharedSize: query["shared-size"], manifests: query.manifests })),
  }),
  route("POST /images/create", {
    summary: "Pulls an image from its registry (fromImage), or imports one from a root file system in the body (fromSrc=-). Credentials come in X-Registry-Auth.",
    query: {
      fromImage: text("The image to pull."),
      fromSrc: text("- for the body."),
      repo: text("The imported image's name."),
      tag: text("Its tag or digest; without one, all tags are pulled."),
      message: text("Its comment."),
      platform: text("os[/arch[/variant]] of the image."),
      changes: list("Dockerfile instructions to apply; may be repeated."),
    },
    failures: [400, 401, 403, 404, 500, 501, 503],
    respond: async ({ engine, query, body, headers, signal }) => {
      if (query.fromImage) parseReference(query.fromImage);
      if (query.fromImage) return progress(engine.pullImage({ fromImage: query.fromImage, tag: query.tag, platform: query.platform, auth: registryAuth(headers) }, signal));
      if (query.fromSrc === undefined || query.fromSrc === "") throw new EngineError("InvalidParameter", "either fromImage or fromSrc is needed");
      if (query.fromSrc !== "-") return notYet("importing from a URL is not supported: download the file and import it");
      const { repo, tag, message, platform } = query;
      if (repo) parseReference(tag ? `${repo}:${tag}` : repo);
      return progress(engine.importImage(body.chunks, { repo, tag, message, platform, changes: [...query.changes] }));
    },
  }),
  route("POST /images/load", {
    summary: "Loads images from an archive of docker save or an OCI layout.",
    query: { quiet: flag("Without progress."), platform: platform("Only this platform of each image.") },
    failures: [400],
    respond: ({ engine, query, body }) => progress(engine.loadImage(body.chunks, { quiet: query.quiet, platform: query.platform })),
  }),
  route("GET /images/{name}/json", {
    summary: "Everything about one image.",
    query: { manifests: flag("With the entries of the index it stands for."), platform: platform("The platform it must have.") },
    failures: [400, 404],
    respond: async ({ engine, ref, query }) => json(await engine.inspectImage(ref, { platform: query.platform, manifests: query.manifests })),
  }),
  route("GET /images/{name}/history", {
    summary: "The steps an image was made in.",
    query: { platform: platform("The platform it must have.") },
    failures: [400, 404],
    respond: async ({ engine, ref, query }) => json(await engine.imageHistory(ref, { platform: query.platform })),
  }),
  route("POST /images/{name}/tag", {
    summary: "Gives an image one more name.",
    query: { repo: text("The name."), tag: text("Its tag; latest by default.") },
    success: [201],
    failures: [400, 404, 409],
    respond: async ({ engine, ref, query }) => {
      await engine.tagImage(ref, { repo: query.repo ?? "", tag: query.tag });
      return empty(201);
    },
  }),
  route("DELETE /images/{name}", {
    summary: "Removes a name of an image and, with its last name, the image.",
    query: { force: flag("Even if a container that does not run uses it."), noprune: flag("Keep parents without a name."), platforms: platforms("The platform it must have.") },
    failures: [400, 404, 409],
    respond: async ({ engine, ref, query }) => json(await engine.removeImage(ref, { force: query.force, noPrune: query.noprune, platforms: query.platforms })),
  }),
  route("POST /images/prune", {
    summary: "Removes images that nothing uses.",
    query: { filters: filters(PRUNE_FILTERS) },
    failures: [400],
    respond: async ({ engine, query }) => json(await engine.pruneImages(query.filters)),
  }),
  route("POST /images/{name}/push", {
    summary: "Pushes an image to its registry. Credentials come in X-Registry-Auth.",
    query: { tag: text("Its tag; without one, all tags of the repository are pushed."), platform: platform("The platform it must have.") },
    failures: [400, 404, 500],
    respond: ({ engine, ref, query, headers, signal }) => {
      parseReference(ref);
      return progress(engine.pushImage({ name: ref, tag: query.tag, platform: query.platform, auth: registryAuth(headers) }, signal));
    },
  }),
  route("GET /images/{name}/get", {
    summary: "An archive of one image, or of all tags of a repository.",
    query: { platform: platform("The platform it must have.") },
    failures: [400, 404],
    respond: async ({ engine, ref, query, signal }) => stream(TAR_TYPE, await engine.saveImages([ref], query, signal)),
  }),
  route("GET /images/get", {
    summary: "An archive of several images.",
    query: { names: list("Their names; may be repeated."), platform: platform("The platform they must have.") },
    failures: [400, 404],
    respond: async ({ engine, query, signal }) => stream(TAR_TYPE, await engine.saveImages(query.names, query, signal)),
  }),
];
