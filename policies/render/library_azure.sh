# azure_tenant TENANT SUBSCRIPTION: either may be empty.
azure_tenant() {
  command -v az >/dev/null || stop "the az command is missing"
  if [ -n "$2" ]; then
    tenant=$(az account show --subscription="$2" --query=tenantId --output=tsv)
  else
    tenant=$(az account show --query=tenantId --output=tsv)
  fi
  if [ -n "$1" ] && [ "$tenant" != "$1" ]; then
    stop "these credentials are for tenant $tenant, not $1"
  fi
  say "tenant $tenant${2:+, subscription $2}"
}

arm_get() { az rest --method=get --url="$1" --output=json; }

# eligibility URL ROLE SCOPE: the eligible schedule of a role in a list, or null.
eligibility() {
  az rest --method=get --url="$1" --output=json >"$work/list" || return 1
  states eligible "$2" "$3" <"$work/list"
}

group_member() {
  is_member=$(az ad group member check --group="$1" --member-id="$2" \
    --query=value --output=tsv) || return 1
  case "$is_member" in
    true | True) printf '{"member": true}\n' ;;
    *) printf 'null\n' ;;
  esac
}

# machine_identity COMMAND MACHINE IDENTITY
machine_identity() {
  az "$1" identity show --ids="$2" --output=json >"$work/list" || return 1
  states identity "$3" <"$work/list"
}
