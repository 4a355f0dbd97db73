# Documents are UTF-8 whatever the locale; nothing waits for a key.
export AWS_CLI_FILE_ENCODING=UTF-8 AWS_PAGER='' AWS_CLI_AUTO_PROMPT=off

aws_account() {
  command -v aws >/dev/null || stop "the aws command is missing"
  account=$(aws sts get-caller-identity --query=Account --output=text)
  [ "$account" = "$1" ] || stop "these credentials are for account $account, not $1"
  say "account $account"
}

managed_policy() {
  version=$(aws iam get-policy --policy-arn="$1" \
    --query=Policy.DefaultVersionId --output=text) || return 1
  aws iam get-policy-version --policy-arn="$1" --version-id="$version" \
    --query=PolicyVersion.Document --output=json
}

# listed LIST KEY VALUE COMMAND...: the entry of a list, or null.
listed() {
  list=$1 key=$2 value=$3
  shift 3
  "$@" >"$work/list" || return 1
  states pick "$list" "$key" "$value" <"$work/list"
}

policy_versions() {
  aws iam list-policy-versions --policy-arn="$1" --output=json >"$work/versions"
  for version in $(states versions <"$work/versions"); do
    aws iam get-policy-version --policy-arn="$1" --version-id="$version" \
      --query=PolicyVersion.Document --output=json >"$work/version-$version"
  done
}

# Deleting a version loses its document: it is kept beside the rollback.
delete_version() {
  kept=$folder/rollback/deleted-$3-$2.json
  say "version $2 is deleted; its document is kept as rollback/deleted-$3-$2.json"
  if [ "$apply" = yes ]; then cp -- "$work/version-$2" "$kept"; fi
  run aws iam delete-policy-version --policy-arn="$1" --version-id="$2"
}

# set_managed_policy ARN FILE NUMBER: an old version that says the same is used again;
# of five versions the oldest gives way.
set_managed_policy() {
  policy_versions "$1"
  oldest=
  count=1
  for version in $(states versions <"$work/versions"); do
    count=$((count + 1))
    if [ -z "$oldest" ]; then oldest=$version; fi
    if states same "$2" "$work/version-$version"; then
      run aws iam set-default-policy-version --policy-arn="$1" --version-id="$version"
      return
    fi
  done
  if [ "$count" -ge 5 ]; then delete_version "$1" "$oldest" "$3"; fi
  run aws iam create-policy-version --policy-arn="$1" \
    --policy-document="file://$2" --set-as-default
}

remove_managed_policy() {
  policy_versions "$1"
  for version in $(states versions <"$work/versions"); do
    delete_version "$1" "$version" "$2"
  done
  run aws iam delete-policy --policy-arn="$1"
}

# control_policy_id TYPE NAME: the id of a policy that is known by its name.
control_policy_id() {
  aws organizations list-policies --filter="$1" --output=json >"$work/policies" ||
    return 1
  states value Policies Name "$2" Id <"$work/policies"
}

control_policy() {
  policy=$(control_policy_id "$1" "$2") || return 1
  if [ -z "$policy" ]; then
    printf 'null\n'
  else
    aws organizations describe-policy --policy-id="$policy" \
      --query=Policy.Content --output=text
  fi
}

control_attachment() {
  policy=$(control_policy_id "$1" "$2") || return 1
  if [ -z "$policy" ]; then
    printf 'null\n'
  else
    listed Targets TargetId "$3" \
      aws organizations list-targets-for-policy --policy-id="$policy" --output=json
  fi
}

# on_control_policy TYPE NAME COMMAND...: run with the policy's id.
on_control_policy() {
  policy=$(control_policy_id "$1" "$2")
  shift 2
  if [ -z "$policy" ] && [ "$apply" = yes ]; then stop "the policy is not there"; fi
  run "$@" --policy-id="${policy:-(its id)}"
}

on_instance() {
  aws ec2 describe-iam-instance-profile-associations --region="$2" \
    --filters="Name=instance-id,Values=$1" \
    --query="IamInstanceProfileAssociations[?State=='associated'].$3 | [0]" \
    --output=text
}

instance_role() {
  profile=$(on_instance "$1" "$2" IamInstanceProfile.Arn) || return 1
  if [ "$profile" = None ]; then
    printf 'null\n'
  else
    aws iam get-instance-profile --instance-profile-name="${profile##*/}" \
      --query='InstanceProfile.{RoleArn: Roles[0].Arn}' --output=json
  fi
}

# set_instance_role INSTANCE REGION ROLE: by the first profile that holds the role.
set_instance_role() {
  profile=$(aws iam list-instance-profiles-for-role --role-name="$3" \
    --query='InstanceProfiles[0].Arn' --output=text)
  [ "$profile" != None ] || stop "no instance profile holds the role"
  association=$(on_instance "$1" "$2" AssociationId)
  if [ "$association" = None ]; then
    run aws ec2 associate-iam-instance-profile --region="$2" --instance-id="$1" \
      --iam-instance-profile="Arn=$profile"
  else
    run aws ec2 replace-iam-instance-profile-association --region="$2" \
      --association-id="$association" --iam-instance-profile="Arn=$profile"
  fi
}

remove_instance_role() {
  association=$(on_instance "$1" "$2" AssociationId)
  run aws ec2 disassociate-iam-instance-profile --region="$2" \
    --association-id="$association"
}
