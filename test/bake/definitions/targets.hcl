variable "TAG" { default = "latest" }
variable "N" { default = 3 }
variable "B" { default = false }
variable "L" { default = ["a","b"] }
base = "img-${TAG}"
function "tagged" { 
  params = [name] 
  result = ["${name}:${TAG}", upper(name)]
}
group "default" { targets = ["app", "mx"] }
target "common" { 
  args = { A = "1", N = N, NUL = null }
  labels = { x = "y" }
  platforms = ["linux/amd64"]
  secret = ["id=s,src=/etc/hostname", {type="env", id="t", env="HOME"}]
}
target "app" {
  inherits = ["common"]
  dockerfile = "Dockerfile.app"
  contexts = { base = "docker-image://busybox", other = "target:common" }
  tags = tagged("app")
  args = { B = B ? "yes" : "no", V = join(",", L), T = target.common.labels.x }
  cache-from = ["type=registry,ref=user/app:cache", "user/app:x"]
  cache-to = ["type=inline"]
  output = ["type=docker", "./out"]
  attest = ["type=provenance,mode=max", "type=sbom"]
  no-cache-filter = ["x"]
  network = "host"
  shm-size = "64m"
  ulimits = ["nofile=1024:1024"]
  extra-hosts = { a = "1.2.3.4" }
  entitlements = ["network.host"]
  annotations = ["index:a=b"]
  description = "The app"
}
target "mx" {
  name = "mx-${v}-${replace(p, "/", "-")}"
  matrix = { v = ["1","2"], p = ["linux/amd64","linux/arm64"] }
  args = { V = v }
  platforms = [p]
  dockerfile-inline = "FROM scratch"
  pull = true
  no-cache = true
  target = "t"
}
